"""Exports from the API to the file: whose they are, what a stopped worker leaves, how they end."""

import io
import json
from typing import Any

import duckdb
import pandas
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils.timezone import now

from analytics.exports import jobs
from analytics.models import Export, ExportPiece, ExportState
from tests.access.test_api import key, login
from tests.analytics.rows import insert, insert_many
from tests.cast import Cast


@pytest.fixture
def ada(cast: Cast) -> Client:
    insert_many(3, account_id=cast.ada.account.pk, error="=1+1", outcome="failure")
    insert(account_id=cast.ada.account.pk)
    insert(account_id=cast.cy.account.pk, outcome="failure")
    return key(cast, cast.ada.user, "routing")


def post(client: Client, format_name: str = "csv", **query: str) -> Any:
    return client.post("/api/exports", {"format": format_name, "query": query}, "application/json")


def body(answer: Any) -> bytes:
    assert answer.status_code == 200, answer
    return b"".join(answer.streaming_content)


def test_an_export_is_written_in_the_background_and_loaded_by_its_owner_alone(
    cast: Cast, ada: Client, tmp_path: Any
) -> None:
    made = post(ada, "parquet", range="24h", outcome="failure").json()
    address = f"/api/exports/{made['id']}"
    assert (made["state"], made["file"]) == ("waiting", None)
    assert ada.get(f"{address}/file").status_code == 400
    assert jobs.work_all() == 1
    told = ada.get(address).json()
    assert (told["state"], told["rows"], told["file"]) == ("ready", 3, f"http://testserver{address}/file")
    path = tmp_path / "x.parquet"
    path.write_bytes(body(ada.get(f"{address}/file")))
    assert duckdb.connect().execute(f"SELECT DISTINCT error, outcome FROM '{path}'").fetchall() == [("=1+1", "failure")]  # noqa: S608
    for client in (key(cast, cast.ben.user, "routing"), key(cast, None, "routing"), login(cast.staff)):
        assert client.get(f"{address}/file").status_code == 404
        assert client.delete(address).status_code == 404
    assert ada.delete(address).status_code == 204
    assert not ExportPiece.objects.exists()


def test_what_a_stopped_worker_left_is_begun_anew_and_what_is_old_is_forgotten(ada: Client, settings: Any) -> None:
    post(ada)
    export = Export.objects.get()
    ExportPiece.objects.create(export=export, number=0, sealed=b"half of it")
    Export.objects.update(state=ExportState.RUNNING, rows=7)
    assert jobs.work_all() == 0, "somebody is at it"
    Export.objects.update(touched_at=now() - 2 * jobs.STALE_AFTER)
    assert jobs.work_all() == 1
    export.refresh_from_db()
    assert (export.state, export.rows, export.pieces.count()) == ("ready", 4, 1)
    assert b"=1+1" not in bytes(export.pieces.get().sealed), "it is kept sealed"
    assert jobs.forget_expired() == 0
    Export.objects.update(expires_at=now())
    assert jobs.forget_expired() == 1
    assert (Export.objects.get().state, ExportPiece.objects.count()) == ("expired", 0)


def test_a_large_file_is_kept_in_pieces_and_one_that_is_deleted_meanwhile_is_given_up(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "PIECE", 500)
    monkeypatch.setattr(jobs, "NOTED_EVERY", 2)
    post(ada)
    jobs.work_all()
    export = Export.objects.get()
    assert export.pieces.count() > 2
    content = b"".join(jobs.content(export))
    assert len(content) == export.size
    assert len(pandas.read_csv(io.BytesIO(content))) == 4
    export.delete()
    jobs.write(export)
    assert not ExportPiece.objects.exists()


@pytest.mark.parametrize(
    ("format_name", "query", "field", "said"),
    [
        ("ods", {}, "format", "'ods' is none of csv, json, xlsx, parquet."),
        ("csv", {"colour": "red"}, "colour", "There is no such filter: account,"),
        ("csv", {"range": "decade"}, "range", "'decade' is none of 1h, 24h, 7d"),
        ("csv", {"since": "yesterday"}, "since", "'yesterday' is no day or time"),
        ("csv", {"zone": "Europe/Berlim"}, "zone", "did you mean Europe/Berlin?"),
        ("csv", {"metadata": "ticket"}, "metadata", "write a name and its value, like ticket=42"),
        ("csv", {"account": "other"}, "account", "There is no account 'other' of yours."),
    ],
)
def test_bad_input_is_named(ada: Client, format_name: str, query: dict[str, str], field: str, said: str) -> None:
    answer = post(ada, format_name, **query)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["field"].endswith(field)
    assert said in error["message"]


def test_more_than_three_at_once_are_refused(ada: Client) -> None:
    assert [post(ada).status_code for _ in range(4)] == [202, 202, 202, 400]


def test_a_small_selection_is_loaded_at_once_and_of_a_large_one_it_is_said_what_to_do(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = ada.get("/api/requests/export?as=xlsx&range=24h&outcome=failure&zone=Asia/Kolkata")
    assert answer["Content-Disposition"].endswith('_Asia-Kolkata.xlsx"')
    read = pandas.read_excel(io.BytesIO(body(answer)))
    assert list(read["error"]) == ["=1+1"] * 3
    assert "created_at (Asia/Kolkata)" in read.columns
    monkeypatch.setattr("analytics.requests.exporting.MAX_AT_ONCE", 3)
    refused = ada.get("/api/requests/export")
    assert refused.status_code == 400
    assert "POST /api/exports writes them in the background" in refused.json()["errors"][0]["message"]


def test_the_command_writes_a_file_by_its_ending(ada: Client, tmp_path: Any) -> None:
    path = tmp_path / "failures.json"
    call_command("export_requests", str(path), "--filter=outcome=failure", "--filter=account=acme")
    told = json.loads(path.read_text())
    assert (len(told["rows"]), told["about"]["outcome"], told["about"]["time_zone"]) == (3, "failure", "UTC")
    post(ada)
    call_command("export_requests", "--wait")
    assert Export.objects.get().state == ExportState.READY
    for given, said in ((["x.ods"], "'ods' is no format"), (["--filter=colour=red"], "'colour' is no filter")):
        with pytest.raises(CommandError, match=said):
            call_command("export_requests", *given)
