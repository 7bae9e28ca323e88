"""The history in the REST API: told, looked at and restored by staff."""

from typing import Any

import pytest
from django.test import Client

from budgets.people.keys import create_key
from models_registry.catalogue import editing
from models_registry.models import Model, Price
from routerhub.releases import store
from tests.cast import Cast, because

GPT = "openai:gpt-5"


pytestmark = pytest.mark.usefixtures("catalogue_seeded")


@pytest.fixture
def staff(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.staff)
    return client


def changes(client: Client, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/api/changes?{query}")
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def problem(answer: Any) -> tuple[int, str, list[str]]:
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    return answer.status_code, body["detail"], [each["field"] for each in body.get("errors", [])]


def test_a_change_by_api_is_told_with_author_address_reason_and_fields(staff: Client) -> None:
    staff.patch(f"/api/models/{GPT}", {"name": "Ours", "reason": "by contract"}, "application/json")
    (version,) = changes(staff, "table=model&limit=1")
    row = Model.objects.get(identifier=GPT)
    assert {name: version[name] for name in ("table", "row", "name", "kind", "author", "ip", "reason", "changes")} == {
        "table": "model", "row": str(row.pk), "name": GPT, "kind": "changed", "author": "staff", "ip": "127.0.0.1",
        "reason": "by contract", "changes": [{"field": "name", "before": "GPT-5", "after": "Ours"}],
    }  # fmt: skip
    assert version["at"].startswith("2026-11-21T12:")
    restoring = {"refused": "", "changes": [], "with_it": []}
    assert staff.get(f"/api/changes/model/{version['id']}").json() == {**version, "restoring": restoring}


def test_a_version_tells_what_restoring_it_would_change_now(staff: Client) -> None:
    editing.update(GPT, {"name": "One"}, because("1"))
    (version,) = changes(staff, f"table=model&row={Model.objects.get(identifier=GPT).pk}&kind=added")
    shown = staff.get(f"/api/changes/model/{version['id']}").json()["restoring"]
    assert shown["changes"] == [{"field": "name", "before": "One", "after": "GPT-5"}]
    editing.remove(GPT, because("gone"))
    shown = staff.get(f"/api/changes/model/{version['id']}").json()["restoring"]
    assert {"field": "name", "before": None, "after": "GPT-5"} in shown["changes"]
    assert f"deployment {GPT} at openrouter" in shown["with_it"]
    (pointer,) = changes(staff, "table=rollout&limit=1")
    shown = staff.get(f"/api/changes/rollout/{pointer['id']}").json()["restoring"]
    assert shown["refused"] == "What is live is not restored but rolled back."


def test_versions_are_found_by_table_row_author_and_kind_page_by_page(staff: Client, cast: Cast) -> None:
    editing.update(GPT, {"name": "One"}, because("1", cast.ada.user))
    editing.update(GPT, {"name": "Two"}, because("2", cast.staff))
    row = Model.objects.get(identifier=GPT).pk
    assert [each["reason"] for each in changes(staff, f"table=model&row={row}")] == ["2", "1", "seed"]
    assert [each["reason"] for each in changes(staff, f"table=model&row={row}&author=ada")] == ["1"]
    assert [each["reason"] for each in changes(staff, f"table=model&row={row}&kind=added")] == ["seed"]
    assert [each["reason"] for each in changes(staff, f"table=model&row={row}&offset=1&limit=1")] == ["1"]
    assert len(changes(staff)) == 50


def test_a_decimal_and_a_moment_are_told_as_text(staff: Client) -> None:
    price = Price.objects.get(deployment__model__identifier=GPT, deployment__provider__name="openai").pk
    (version,) = changes(staff, f"table=price&row={price}")
    values = {each["field"]: each["after"] for each in version["changes"]}
    assert values["effective from"] == "2020-01-01 00:00:00+00:00"
    assert values["input"] == "1.25"


def test_a_version_is_restored_and_live(staff: Client) -> None:
    editing.update(GPT, {"name": "One"}, because("1"))
    first = changes(staff, f"table=model&row={Model.objects.get(identifier=GPT).pk}")[-1]
    answer = staff.post(f"/api/changes/model/{first['id']}/restore", {"reason": "as it was"}, "application/json")
    assert (answer.status_code, answer.json()) == (200, {"restored": [f"model {GPT}"]})
    assert store.bundle("catalogue", 3)["models"][GPT]["name"] == "GPT-5"
    assert changes(staff, "table=model&limit=1")[0]["ip"] == "127.0.0.1"


def test_a_deleted_model_comes_back_whole_in_one_restore(staff: Client) -> None:
    before = store.bundle("catalogue", 1)["models"][GPT]
    assert staff.delete(f"/api/models/{GPT}?reason=gone").status_code == 204
    (deletion,) = changes(staff, "table=model&kind=deleted")
    answer = staff.post(f"/api/changes/model/{deletion['id']}/restore", {"reason": "a mistake"}, "application/json")
    assert len(answer.json()["restored"]) == 5, "a model, two deployments, two prices"
    assert store.bundle("catalogue", 3)["models"][GPT] == before
    assert staff.get(f"/api/models/{GPT}").status_code == 200


def test_what_a_deletion_by_api_takes_along_says_who_and_why(staff: Client) -> None:
    staff.delete(f"/api/models/{GPT}?reason=gone")
    for table, gone in (("model", 1), ("deployment", 2), ("price", 2)):
        lost = changes(staff, f"table={table}&kind=deleted")
        assert [each["author"] for each in lost] == ["staff"] * gone
        assert [each["ip"] for each in lost] == ["127.0.0.1"] * gone


def test_what_a_deletion_by_api_takes_along_keeps_the_reason(staff: Client) -> None:
    staff.delete(f"/api/models/{GPT}?reason=gone")
    for table in ("deployment", "price"):
        assert {each["reason"] for each in changes(staff, f"table={table}&kind=deleted")} == {"gone"}


@pytest.mark.parametrize(
    ("path", "fields", "detail"),
    [
        ("/api/changes?table=horse", ["table"], "'horse' is not one of"),
        ("/api/changes?limit=many", ["limit"], "'many' is not a number from 0 to 200."),
        ("/api/changes?limit=201", ["limit"], "'201' is not a number from 0 to 200."),
        ("/api/changes?offset=-1", ["offset"], "'-1' is not a number from 0 to 10,000."),
        ("/api/changes/horse/1", ["table"], "'horse' is not one of"),
        ("/api/changes/model/99999999", ["version"], "model has no version 99999999"),
        ("/api/changes/model/99999999999999999999999", ["version"], "model has no version 999"),
    ],
)
def test_what_is_not_there_is_named(staff: Client, path: str, fields: list[str], detail: str) -> None:
    status, found_detail, found_fields = problem(staff.get(path))
    assert (status, found_fields) == (400, fields)
    assert detail in found_detail


def test_a_restore_without_reason_of_a_pointer_or_of_nothing_is_refused(staff: Client) -> None:
    (version,) = changes(staff, "table=model&limit=1")
    (pointer,) = changes(staff, "table=rollout&limit=1")
    for path, body, field in (
        (f"model/{version['id']}", {}, "reason"),
        (f"model/{version['id']}", {"reason": " "}, "reason"),
        (f"model/{version['id']}", {"reason": "x", "force": True}, "force"),
        (f"rollout/{pointer['id']}", {"reason": "x"}, "table"),
        ("model/99999999", {"reason": "x"}, "version"),
    ):
        answer = staff.post(f"/api/changes/{path}/restore", body, "application/json")
        assert problem(answer)[::2] == (400, [field]), path
    assert changes(staff, "table=model&limit=1") == [version]


def test_only_staff_see_and_restore_the_history(staff: Client, cast: Cast) -> None:
    (version,) = changes(staff, "table=model&limit=1")
    paths = ("/api/changes", f"/api/changes/model/{version['id']}")
    for path in paths:
        assert problem(Client().get(path, headers=cast.ada.auth))[0] == 403
        assert problem(Client().get(path))[0] in {401, 403}
    sent = {"reason": "x"}
    answer = Client().post(f"{paths[1]}/restore", sent, "application/json", headers=cast.ada.auth)
    assert problem(answer)[0] == 403


def test_a_keys_secret_is_never_told(staff: Client, cast: Cast) -> None:
    key, text = create_key(cast.ada.account, "secret", cast.ada.user)
    shown = f"{changes(staff, 'table=apikey')}"
    assert "secret" in shown
    assert key.digest not in shown
    assert text not in shown
