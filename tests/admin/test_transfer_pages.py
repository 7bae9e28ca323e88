"""Prices of others brought in, files brought in and taken out."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from models_registry.models import Import, Model, Price
from models_registry.transfer import importing, resources
from routerhub.releases.models import Release
from tests.admin.answers import messages_of, post, text
from tests.admin.catalogue import GPT, served
from tests.cast import Cast

# --- prices of others


SYNC = "/admin/prices/sync/"


def test_a_price_that_differs_from_the_list_is_shown_and_applied(staff: Client, cast: Cast) -> None:
    Price.objects.filter(deployment__model__identifier=GPT, deployment__provider__name="openai").update(
        input=Decimal("1.5")
    )
    page = staff.get(SYNC)
    assert "input 1.5 -&gt; 1.25" in text(page)
    (row,) = (each for each in page.context["changed"] if each["change"].place == "openai/gpt-5")
    assert messages_of(post(staff, SYNC, key=row["key"], reason="as listed")) == [
        "Applied 1 price change: none waits for approval."
    ]
    assert [each["rates"]["input"] for each in served(GPT)["deployments"][0]["prices"]] == ["1.5", "1.25"]
    version = Price.history.first()
    assert (version.history_user, version.history_change_reason, version.ip) == (cast.staff, "as listed", "127.0.0.1")


def test_new_models_are_narrowed_down_by_words_and_added_as_experimental(staff: Client) -> None:
    all_new = staff.get(SYNC).context["new_count"]
    page = staff.get(f"{SYNC}?q=qwen")
    assert 0 < page.context["new_count"] < all_new
    row = next((each for each in page.context["new"] if not each["change"].obstacle), None)
    if row is not None:
        post(staff, f"{SYNC}?q=qwen", key=row["key"], reason="let us see")
        assert Model.objects.get(identifier=row["change"].model).is_experimental


@pytest.mark.parametrize(
    ("fields", "problem"), [({"reason": "x"}, "Choose at least one line."), ({"key": "changed horse"}, "Say why")]
)
def test_a_synchronisation_of_nothing_or_without_reason_is_refused(
    staff: Client, fields: dict[str, str], problem: str
) -> None:
    (refusal,) = messages_of(post(staff, SYNC, **fields))
    assert refusal.startswith(problem)
    assert Release.objects.filter(line="catalogue").count() == 1


def test_a_list_that_cannot_be_read_is_told_and_the_page_still_opens(staff: Client, settings: Any) -> None:
    settings.ALLOW_ONLINE_PRICES = False
    assert "switched off (ALLOW_ONLINE_PRICES=false)" in text(staff.get(f"{SYNC}?source=openrouter"))
    assert "is not one of genai-prices, openrouter" in text(staff.get(f"{SYNC}?source=horses"))
    assert "switched off" in messages_of(post(staff, f"{SYNC}?online=on", key="x", reason="x"))[0]


def test_a_line_that_is_no_longer_among_the_differences_is_told_and_nothing_is_applied(staff: Client) -> None:
    (refusal,) = messages_of(post(staff, SYNC, key="changed horse/one 2026-11-21", reason="as listed"))
    assert refusal == "keys: 'changed horse/one 2026-11-21' is not among the differences."
    assert Release.objects.filter(line="catalogue").count() == 1


def test_a_list_that_could_not_be_fetched_agrees_with_nothing(staff: Client, settings: Any) -> None:
    settings.ALLOW_ONLINE_PRICES = False
    page = text(staff.get(f"{SYNC}?source=openrouter"))
    assert "Nothing was compared." in page
    assert "Every price agrees" not in page
    assert "Every price agrees with genai-prices." in text(staff.get(SYNC))


# --- imports and exports


def send_in(client: Client, content: bytes, name: str = "list.csv", table: str = "models") -> Any:
    return client.post("/admin/imports/", {"file": SimpleUploadedFile(name, content), "table": table}, follow=True)


def test_a_file_is_sent_in_shown_as_differences_and_applied(staff: Client, cast: Cast) -> None:
    page = send_in(staff, f"id,name\n{GPT},=Ours\n".encode())
    job = Import.objects.get()
    assert page.redirect_chain[-1][0] == f"/admin/imports/{job.pk}/"
    assert "Waiting for a worker" in text(page)
    assert staff.get(f"/admin/imports/{job.pk}/progress/").json() == {"state": "waiting", "done": 0, "total": 0}
    importing.work_all()
    shown = text(staff.get(f"/admin/imports/{job.pk}/"))
    assert "Ready to apply" in shown
    assert "<del>GPT-5</del>" in shown
    assert "<ins>=Ours</ins>" in shown
    assert messages_of(post(staff, f"/admin/imports/{job.pk}/", reason=" "))[0].startswith("Say why")
    post(staff, f"/admin/imports/{job.pk}/", reason="by contract")
    importing.work_all()
    assert "catalogue release 2" in text(staff.get(f"/admin/imports/{job.pk}/"))
    assert served(GPT)["name"] == "=Ours"
    assert Model.history.first().history_user == cast.staff
    assert "list.csv" in text(staff.get("/admin/imports/"))
    assert "cannot be applied: applied" in messages_of(post(staff, f"/admin/imports/{job.pk}/", reason="again"))[0]


def test_a_price_in_a_file_that_is_in_doubt_is_told_to_wait(staff: Client) -> None:
    (place, *others) = served(GPT)["deployments"]
    jump = {
        **place["prices"][0],
        "effective_from": "2026-11-01T00:00:00+00:00",
        "rates": {"input": "900", "output": "10"},
    }
    deployments = [{**place, "prices": [*place["prices"], jump]}, *others]
    send_in(staff, json.dumps([{"id": GPT, "deployments": deployments}]).encode(), "list.json")
    importing.work_all()
    page = f"/admin/imports/{Import.objects.get().pk}/"
    assert "Apply 1 change<" in text(staff.get(page))
    post(staff, page, reason="by contract")
    importing.work_all()
    shown = text(staff.get(page))
    assert "1 of its prices" in shown
    assert "waits for approval</a>" in shown


def test_a_file_that_changes_nothing_has_nothing_to_apply(staff: Client) -> None:
    send_in(staff, f"id,name\n{GPT},GPT-5\n".encode())
    importing.work_all()
    page = text(staff.get(f"/admin/imports/{Import.objects.get().pk}/"))
    assert "there is nothing to apply" in page
    assert "Apply 0" not in page


def test_the_errors_of_a_file_are_shown_by_line_id_and_field(staff: Client) -> None:
    send_in(staff, f"id,max_output\n{GPT},many\n".encode())
    importing.work_all()
    shown = text(staff.get(f"/admin/imports/{Import.objects.get().pk}/"))
    assert "Nothing was saved. Fix these rows and upload the file again." in shown
    told = '<td class="rh-whole">&#x27;many&#x27;: write a whole number.</td>'
    assert f"2</td><td>{GPT}</td><td>max_output</td>{told}" in shown


@pytest.mark.parametrize(
    ("name", "table", "problem"),
    [("list.pdf", "models", "'pdf' is not one of"), ("list.csv", "horses", "'horses' is not one of")],
)
def test_a_file_that_cannot_be_an_import_is_refused(staff: Client, name: str, table: str, problem: str) -> None:
    assert problem in messages_of(send_in(staff, b"x", name, table))[0]
    assert messages_of(post(staff, "/admin/imports/", table="models")) == ["Choose a file."]
    assert not Import.objects.exists()
    assert staff.get("/admin/imports/99999/").status_code == 404


@pytest.mark.parametrize("format_name", ["json", "csv", "xlsx"])
def test_an_export_is_a_download(staff: Client, format_name: str) -> None:
    answer = staff.get(f"/admin/exports/models.{format_name}")
    assert answer["Content-Disposition"].startswith('attachment; filename="models-')
    assert importing.plan(resources.TABLES["models"], answer.content, format_name).changes == []
    assert staff.get("/admin/exports/horses.csv", follow=True).redirect_chain == [("/admin/imports/", 302)]
