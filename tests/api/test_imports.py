"""Files in and out by the REST API."""

import io
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from models_registry.catalogue import compiler as catalogue_compiler
from models_registry.catalogue.release0 import STATIC
from models_registry.models import Import, Model
from models_registry.transfer import importing
from routerhub.releases import rollout, store
from tests.api.answers import problem
from tests.cast import Cast

GPT = "openai:gpt-5"


pytestmark = pytest.mark.usefixtures("catalogue_seeded")


def upload(client: Client, content: bytes, name: str = "list.csv", **fields: str) -> Any:
    return client.post("/api/imports", {"file": SimpleUploadedFile(name, content), **fields})


@pytest.mark.parametrize("format_name", ["json", "csv", "xlsx"])
def test_an_export_is_taken_back_and_changes_nothing(staff: Client, format_name: str) -> None:
    before = catalogue_compiler.compile_bundle()
    file = staff.get(f"/api/exports/models?as={format_name}")
    assert f'filename="models-2026-11-21.{format_name}"' in file["Content-Disposition"]
    job = upload(staff, file.content, f"models.{format_name}").json()
    assert (job["state"], job["format"], job["table"]) == ("waiting", format_name, "models")
    importing.work_all()
    answer = staff.get(f"/api/imports/{job['id']}").json()
    assert (answer["state"], answer["outcome"]["unchanged"], answer["outcome"]["changes_shown"]) == (
        "checked", len(STATIC.models), [],
    )  # fmt: skip
    assert staff.post(f"/api/imports/{job['id']}/apply", {"reason": "x"}, "application/json").status_code == 200
    importing.work_all()
    assert catalogue_compiler.compile_bundle() == before
    assert rollout.pointers()["catalogue"].stable == 1


def test_a_file_is_shown_as_differences_and_applied_with_a_reason(staff: Client) -> None:
    job = upload(staff, f"id,name\n{GPT},Ours\n".encode()).json()
    importing.work_all()
    answer = staff.get(f"/api/imports/{job['id']}").json()
    assert answer["outcome"]["changes_shown"] == [
        {"line": 2, "key": GPT, "kind": "changed", "fields": [{"field": "name", "before": "GPT-5", "after": "Ours"}]}
    ]
    apply = f"/api/imports/{job['id']}/apply"
    assert problem(staff.post(apply, {}, "application/json")) == (400, ["reason"])
    assert staff.post(apply, {"reason": "by contract"}, "application/json").json()["state"] == "applying"
    assert problem(staff.post(apply, {"reason": "again"}, "application/json"))[0] == 400
    importing.work_all()
    answer = staff.get(f"/api/imports/{job['id']}").json()
    assert (answer["state"], answer["outcome"]["release"], answer["reason"]) == ("applied", 2, "by contract")
    assert store.bundle("catalogue", 2)["models"][GPT]["name"] == "Ours"
    assert [each["id"] for each in staff.get("/api/imports").json()["results"]] == [job["id"]]


def test_a_file_with_errors_names_them_and_cannot_be_applied(staff: Client) -> None:
    job = upload(staff, f"id,name,max_output\n{GPT},Ours,many\n".encode()).json()
    importing.work_all()
    answer = staff.get(f"/api/imports/{job['id']}").json()
    assert answer["state"] == "refused"
    assert answer["outcome"]["errors_shown"] == [
        {"line": 2, "key": GPT, "field": "max_output", "message": "'many': write a whole number."}
    ]
    assert problem(staff.post(f"/api/imports/{job['id']}/apply", {"reason": "x"}, "application/json"))[0] == 400
    assert Model.objects.get(identifier=GPT).name == "GPT-5"


def test_table_and_format_may_be_named(staff: Client) -> None:
    content = json.dumps([{"name": "own", "title": "Own"}]).encode()
    job = upload(staff, content, "upload.bin", table="providers", format="json").json()
    assert (job["table"], job["format"], job["file_name"]) == ("providers", "json", "upload.bin")


@pytest.mark.parametrize(
    ("name", "content", "fields", "field"),
    [
        ("list.pdf", b"x", {}, "format"), ("list", b"x", {}, "format"), ("list.csv", b"x", {"table": "horses"}, "table"),
        ("list.csv", b"", {}, "file"),
    ],
)  # fmt: skip
def test_a_bad_upload_is_refused(staff: Client, name: str, content: bytes, fields: dict[str, str], field: str) -> None:
    assert problem(upload(staff, content, name, **fields)) == (400, [field])
    assert not Import.objects.exists()


def test_without_a_file_it_says_how_to_send_one(staff: Client) -> None:
    for answer in (staff.post("/api/imports", {"table": "models"}), staff.post("/api/imports", {}, "application/json")):
        assert problem(answer) == (400, ["file"])
        assert "multipart/form-data" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/api/exports/horses", "/api/exports/models?as=pdf"])
def test_an_export_of_nothing_is_refused(staff: Client, path: str) -> None:
    assert problem(staff.get(path)) == (400, ["as"])


def test_an_import_that_is_not_there_is_404(staff: Client) -> None:
    assert problem(staff.get("/api/imports/99999")) == (404, [])
    assert problem(staff.post("/api/imports/99999/apply", {"reason": "x"}, "application/json")) == (404, [])


def test_others_get_neither_in_nor_out(cast: Cast) -> None:
    reader = Client(headers=cast.ada.auth)
    assert problem(upload(reader, b"id\n")) == (403, [])
    assert problem(reader.get("/api/exports/models?as=csv")) == (403, [])
    assert problem(reader.get("/api/imports")) == (403, [])


def test_a_csv_is_utf_8_with_a_line_for_each_model(staff: Client) -> None:
    file = staff.get("/api/exports/models?as=csv")
    assert file["Content-Type"] == "text/csv; charset=utf-8"
    header = next(io.StringIO(file.content.decode()))
    assert header.startswith("id,provider,name,")
    assert staff.get("/api/exports/providers").json()[0]["name"] == "amazon"
