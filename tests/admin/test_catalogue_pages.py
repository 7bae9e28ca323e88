"""The pages of catalogue, releases and history: open for staff, closed to others; what they refuse, they tell."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from autorouter.models import RouterConfiguration
from models_registry.catalogue import editing
from models_registry.catalogue.release0 import STATIC
from models_registry.models import Deployment, Import, Model, Price
from models_registry.transfer import importing, resources
from routerhub.audit import versions
from routerhub.releases import rollout, store, switches
from routerhub.releases.errors import InvalidRelease
from routerhub.releases.models import Release
from routerhub.releases.types import Pointer
from tests import seeds
from tests.admin.answers import said, text
from tests.admin.people import check_doors, some_staff
from tests.cast import Cast, because

GPT, MINI = "openai:gpt-5", "openai:gpt-5-mini"
LIST = "/admin/models_registry/model/"


def post(client: Client, path: str, **fields: Any) -> Any:
    return client.post(path, fields, follow=True)


def served(identifier: str) -> Any:
    return store.bundle("catalogue", rollout.pointers()["catalogue"].stable)["models"].get(identifier)


def address(identifier: str, page: str = "change") -> str:
    return reverse(f"admin:models_registry_model_{page}", args=[Model.objects.get(identifier=identifier).pk])


PAGES = [
    "/admin/prices/sync/", "/admin/imports/", "/admin/releases/", "/admin/releases/router/difference/",
    "/admin/changes/", "/admin/exports/models.csv",
]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_open_for_staff_and_closed_to_others(staff: Client, cast: Cast, path: str) -> None:
    check_doors(path, staff, cast.cy.user)


@pytest.mark.parametrize("path", ["/admin/prices/sync/", "/admin/imports/", "/admin/releases/"])
def test_who_may_only_look_may_not_act(staff: Client, path: str) -> None:
    looks = some_staff("view_model", "view_release", "view_rollout")
    assert looks.post(path, {"reason": "x"}).status_code == 403


def test_an_import_and_a_version_are_closed_to_who_may_only_look(staff: Client) -> None:
    job = importing.submit("models", "csv", "list.csv", b"id\n", because(""))
    version = versions.versions("model", limit=1)[0]
    looks = some_staff("view_model")
    for path in (f"/admin/imports/{job.pk}/", f"/admin/changes/model/{version.id}/"):
        assert staff.get(path).status_code == 200
        assert looks.get(path).status_code == 403
        assert looks.post(path, {"reason": "x"}).status_code == 403


# --- the list of models


def listed(client: Client, query: str) -> set[str]:
    answer = client.get(f"{LIST}?{query}")
    assert answer.status_code == 200, answer
    return {row.identifier for row in answer.context["cl"].result_list}


def expected(fits: Any) -> set[str]:
    return {each.id for each in STATIC.models.values() if fits(each)}


def test_the_list_shows_price_window_and_what_a_model_can(staff: Client) -> None:
    page = text(staff.get(f"{LIST}?q=openai:gpt-5"))
    for shown in ("GPT-5", "1.25 / 10", "400K", "structured output", "reasoning", "openrouter"):
        assert shown in page, shown


def test_the_list_is_searched_by_several_words(staff: Client) -> None:
    assert listed(staff, "q=nano+gpt-5") == {"openai:gpt-5-nano", "openai:gpt-5.4-nano"}
    assert GPT in listed(staff, "q=plans+openai+reference")
    assert listed(staff, "q=gpt-5+horse") == set()


def test_the_list_is_filtered_by_capability_provider_and_state(staff: Client) -> None:
    today = datetime.now(UTC).date()
    assert listed(staff, "capability=audio") == expected(lambda each: "audio" in each.capabilities)
    assert listed(staff, "capability=reasoning&all=") == expected(lambda each: each.supports_reasoning)
    openai = Model.objects.get(identifier=GPT).provider.pk
    assert openai
    assert listed(staff, "state=deprecated") == expected(lambda each: each.is_deprecated(today))
    assert listed(staff, "state=unpriced") == set()
    assert listed(staff, "state=waiting") == set()
    Model.objects.filter(identifier=MINI).update(is_available=False)
    Price.objects.filter(deployment__model__identifier="openai:gpt-4o").delete()
    assert listed(staff, "state=unpriced") == {"openai:gpt-4o"}
    choosable = listed(staff, "state=choosable&q=openai:")
    assert choosable == expected(
        lambda each: (
            each.provider == "openai" and not each.is_deprecated(today) and each.id not in {MINI, "openai:gpt-4o"}
        )
    )
    wait()
    assert listed(staff, "state=waiting") == {GPT}


def wait(rate: int = 900) -> Price:
    """A price of GPT-5 that waits for approval."""
    place = Deployment.objects.get(model__identifier=GPT, provider__name="openai")
    return Price.objects.create(
        deployment=place, effective_from=datetime.now(UTC) - timedelta(days=1), input=Decimal(rate),
        output=Decimal(10), source="a list", dated=date(2026, 11, 20),
    )  # fmt: skip


# --- the page of a model


def form(client: Client, url: str) -> dict[str, Any]:
    """The fields of a page as a browser would send them back."""
    context = client.get(url).context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    return dict(pair for each in forms for pair in _values(each))


def _values(each: Any) -> Iterator[tuple[str, Any]]:
    for field in each:
        value = field.value()
        if value is not None and value is not False:
            yield field.html_name, "on" if value is True else value


PRICE = "models_registry-price"
NEW_PRICE = {
    f"{PRICE}-TOTAL_FORMS": "1", f"{PRICE}-0-effective_from_0": "2026-11-01", f"{PRICE}-0-effective_from_1": "00:00:00",
    f"{PRICE}-0-input": "1.5", f"{PRICE}-0-output": "9", f"{PRICE}-0-tiers": "[]", f"{PRICE}-0-source": "a price list",
    f"{PRICE}-0-dated": "2026-11-01", "reason": "cheaper",
}  # fmt: skip


def test_the_page_shows_prices_and_scores(staff: Client) -> None:
    page = text(staff.get(address(GPT)))
    assert "openai/gpt-5</strong>" in page
    assert "genai-prices 0.2.3" in page
    assert "polyline" in page
    assert "Arena (arena.ai)" in page


def test_a_price_is_added_on_the_page_of_its_model_and_counts(staff: Client, cast: Cast) -> None:
    answer = staff.post(address(GPT), {**form(staff, address(GPT)), **NEW_PRICE})
    assert answer.status_code == 302, [each.formset.errors for each in answer.context["inline_admin_formsets"]]
    row = Price.objects.get(source="a price list")
    assert (row.deployment.provider_id, row.waits_because) == ("openai", ""), "the first deployment"
    assert served(GPT)["deployments"][0]["prices"][-1]["rates"] == {"input": "1.5", "output": "9"}
    version = row.history.get()
    assert (version.history_user, version.history_change_reason, version.ip) == (cast.staff, "cheaper", "127.0.0.1")


def test_a_price_may_name_another_deployment_of_the_model(staff: Client) -> None:
    other = Deployment.objects.get(model__identifier=GPT, provider__name="openrouter")
    sent = {**form(staff, address(GPT)), **NEW_PRICE, f"{PRICE}-0-deployment": other.pk}
    assert staff.post(address(GPT), sent).status_code == 302
    assert Price.objects.get(source="a price list").deployment == other
    foreign = Deployment.objects.exclude(model__identifier=GPT)[0]
    answer = staff.post(address(GPT), {**sent, f"{PRICE}-0-deployment": foreign.pk})
    assert "Select a valid choice" in text(answer)


def test_a_price_that_jumps_waits_and_is_approved_in_the_list_of_prices(staff: Client, cast: Cast) -> None:
    sent = {**form(staff, address(GPT)), **NEW_PRICE, f"{PRICE}-0-input": "900"}
    assert staff.post(address(GPT), sent).status_code == 302
    row = Price.objects.get(source="a price list")
    assert "rises from 1.25 to 900" in row.waits_because
    assert len(served(GPT)["deployments"][0]["prices"]) == 1
    assert "waits for approval: input rises" in text(staff.get(address(GPT)))
    prices = reverse("admin:models_registry_price_changelist")
    assert "rises from 1.25 to 900" in text(staff.get(f"{prices}?waits=yes"))
    act = {"action": "approve_prices", "_selected_action": [row.pk]}
    assert [each.partition(":")[0] for each in said(staff.post(f"{prices}?waits=yes", act, follow=True))] == [
        "Approved"
    ]
    assert served(GPT)["deployments"][0]["prices"][-1]["rates"]["input"] == "900"
    version = row.history.first()
    assert (version.history_user, version.history_change_reason) == (cast.staff, "approved in the admin")
    assert "does not wait for approval" in said(staff.post(prices, act, follow=True))[0]


def test_a_price_that_waits_is_rejected_in_the_list_and_one_that_counts_is_not(staff: Client) -> None:
    prices, row = reverse("admin:models_registry_price_changelist"), wait()
    counts = row.deployment.prices.get(waits_because="")
    told = said(staff.post(prices, {"action": "reject_prices", "_selected_action": [row.pk, counts.pk]}, follow=True))
    assert sum(each.startswith("Rejected: ") for each in told) == 1
    assert sum("does not wait for approval" in each for each in told) == 1
    assert list(counts.deployment.prices.all()) == [counts]


def test_a_second_price_of_the_same_moment_is_a_form_error(staff: Client) -> None:
    staff.post(address(GPT), {**form(staff, address(GPT)), **NEW_PRICE})
    first = Deployment.objects.get(model__identifier=GPT, provider__name="openai")
    sent = {**form(staff, address(GPT)), **NEW_PRICE, f"{PRICE}-0-deployment": first.pk}
    answer = staff.post(address(GPT), sent)
    assert "already exists" in f"{[each.formset.errors for each in answer.context['inline_admin_formsets']]}"
    assert Price.objects.filter(source="a price list").count() == 1


def test_a_second_price_of_the_same_moment_at_the_first_place_is_a_form_error_too(staff: Client) -> None:
    for _ in range(2):
        answer = staff.post(address(GPT), {**form(staff, address(GPT)), **NEW_PRICE})
    assert "already exists" in text(answer)


def test_a_model_is_duplicated(staff: Client, cast: Cast) -> None:
    page = address(GPT, "duplicate")
    assert "Duplicate openai:gpt-5" in text(staff.get(page))
    answer = post(staff, page, id="openai:copy", reason="to try")
    assert said(answer) == ["Duplicated: openai:copy."]
    assert served("openai:copy")["deployments"] == served(GPT)["deployments"]
    assert Release.objects.filter(line="catalogue")[0].author == cast.staff


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"id": GPT, "reason": "x"}, "there is a model &#x27;openai:gpt-5&#x27; already."),
        ({"id": "no colon", "reason": "x"}, "write provider:name"),
        ({"id": "openai:copy"}, "This field is required."), ({"reason": "x"}, "This field is required."),
    ],
)  # fmt: skip
def test_a_duplicate_that_cannot_be_is_told_beside_the_form(staff: Client, fields: dict[str, str], told: str) -> None:
    assert told in text(post(staff, address(GPT, "duplicate"), **fields))
    assert Model.objects.count() == len(STATIC.models)
    assert Release.objects.filter(line="catalogue").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_copy_of_a_maker_that_there_is_not_is_told_beside_the_form() -> None:
    seeds.catalogue()
    with pytest.raises(InvalidRelease, match="horse"):
        editing.duplicate(GPT, "horse:x", because("x"))


def test_a_model_is_deprecated_with_a_successor(staff: Client) -> None:
    page = address(MINI, "deprecate")
    assert "Deprecate openai:gpt-5-mini" in text(staff.get(page))
    assert said(post(staff, page, deprecated_from="2026-12-24", successor=GPT, reason="old")) == [
        f"Deprecated: {MINI}."
    ]
    assert (served(MINI)["deprecated_from"], served(MINI)["successor"]) == ("2026-12-24", GPT)
    told = text(post(staff, page, deprecated_from="2026-12-24", successor=MINI, reason="x"))
    assert "cannot follow itself" in told
    assert "Enter a valid date." in text(post(staff, page, deprecated_from="soon", reason="x"))
    assert "Select a valid choice" in text(post(staff, page, deprecated_from="2026-12-24", successor="x:y", reason="x"))


def test_who_may_only_look_at_models_can_neither_duplicate_nor_deprecate(staff: Client) -> None:
    looks = some_staff("view_model")
    assert looks.get(address(GPT)).status_code == 200
    looks.post(address(GPT, "duplicate"), {"id": "openai:copy", "reason": "x"})
    looks.post(address(GPT, "deprecate"), {"deprecated_from": "2026-12-24", "reason": "x"})
    assert not Model.objects.filter(identifier="openai:copy").exists()
    assert Release.objects.filter(line="catalogue").count() == 1


def test_a_model_deleted_in_the_admin_is_gone_from_the_release_and_its_history_says_who(
    staff: Client, cast: Cast
) -> None:
    staff.post(address(GPT, "delete"), {"post": "yes"})
    assert served(GPT) is None
    for table in (Model, Deployment, Price):
        lost = table.history.filter(history_type="-")
        assert {(each.history_user, each.ip) for each in lost} == {(cast.staff, "127.0.0.1")}


# --- prices of others


SYNC = "/admin/prices/sync/"


def test_a_price_that_differs_from_the_list_is_shown_and_applied(staff: Client, cast: Cast) -> None:
    Price.objects.filter(deployment__model__identifier=GPT, deployment__provider__name="openai").update(
        input=Decimal("1.5")
    )
    page = staff.get(SYNC)
    assert "input 1.5 -&gt; 1.25" in text(page)
    (row,) = (each for each in page.context["changed"] if each["change"].place == "openai/gpt-5")
    assert said(post(staff, SYNC, key=row["key"], reason="as listed")) == [
        "Applied 1 price change, of which 0 wait for approval."
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
    ("fields", "told"), [({"reason": "x"}, "Choose at least one line."), ({"key": "changed horse"}, "Say why")]
)
def test_a_synchronisation_of_nothing_or_without_reason_is_refused(
    staff: Client, fields: dict[str, str], told: str
) -> None:
    (refusal,) = said(post(staff, SYNC, **fields))
    assert refusal.startswith(told)
    assert Release.objects.filter(line="catalogue").count() == 1


def test_a_list_that_cannot_be_read_is_told_and_the_page_still_opens(staff: Client, settings: Any) -> None:
    settings.ALLOW_ONLINE_PRICES = False
    assert "switched off (ALLOW_ONLINE_PRICES=false)" in text(staff.get(f"{SYNC}?source=openrouter"))
    assert "is not one of genai-prices, openrouter" in text(staff.get(f"{SYNC}?source=horses"))
    assert "switched off" in said(post(staff, f"{SYNC}?online=on", key="x", reason="x"))[0]


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
    assert said(post(staff, f"/admin/imports/{job.pk}/", reason=" "))[0].startswith("Say why")
    post(staff, f"/admin/imports/{job.pk}/", reason="by contract")
    importing.work_all()
    assert "catalogue release 2" in text(staff.get(f"/admin/imports/{job.pk}/"))
    assert served(GPT)["name"] == "=Ours"
    assert Model.history.first().history_user == cast.staff
    assert "list.csv" in text(staff.get("/admin/imports/"))
    assert "cannot be applied: applied" in said(post(staff, f"/admin/imports/{job.pk}/", reason="again"))[0]


def test_the_errors_of_a_file_are_shown_by_row_and_field(staff: Client) -> None:
    send_in(staff, f"id,max_output\n{GPT},many\n".encode())
    importing.work_all()
    shown = text(staff.get(f"/admin/imports/{Import.objects.get().pk}/"))
    assert "Nothing was saved. Fix these rows and upload the file again." in shown
    assert "<td>1</td><td>max_output</td><td>&#x27;many&#x27;: write a whole number.</td>" in shown


@pytest.mark.parametrize(
    ("name", "table", "told"),
    [("list.pdf", "models", "'pdf' is not one of"), ("list.csv", "horses", "'horses' is not one of")],
)
def test_a_file_that_cannot_be_an_import_is_refused(staff: Client, name: str, table: str, told: str) -> None:
    assert told in said(send_in(staff, b"x", name, table))[0]
    assert said(post(staff, "/admin/imports/", table="models")) == ["Choose a file."]
    assert not Import.objects.exists()
    assert staff.get("/admin/imports/99999/").status_code == 404


@pytest.mark.parametrize("format_name", ["json", "csv", "xlsx"])
def test_an_export_is_a_download(staff: Client, format_name: str) -> None:
    answer = staff.get(f"/admin/exports/models.{format_name}")
    assert answer["Content-Disposition"].startswith('attachment; filename="models-')
    assert importing.plan(resources.TABLES["models"], answer.content, format_name).changes == []
    assert staff.get("/admin/exports/horses.csv", follow=True).redirect_chain == [("/admin/imports/", 302)]


# --- releases

RELEASES = "/admin/releases/"


def rename(name: str) -> None:
    editing.update(GPT, {"name": name}, because(name))


def test_a_release_is_rolled_out_promoted_and_rolled_back(staff: Client, cast: Cast, file: Path) -> None:
    draft = store.draft("catalogue", lambda: rename("Drafted"), because("an idea"))
    sent: dict[str, Any] = {"line": "catalogue", "reason": "try it"}
    told = post(staff, RELEASES, **sent, action="roll_out", release=draft, percent=10)
    assert said(told) == ["catalogue 2 is live for 10 %."]
    assert "release 2 for 10 %" in text(told)
    assert rollout.pointers()["catalogue"] == Pointer(line="catalogue", stable=1, candidate=2, percent=10)
    assert said(post(staff, RELEASES, **sent, action="promote")) == ["catalogue 2 is live for all."]
    assert said(post(staff, RELEASES, **sent, action="rollback", release="")) == ["catalogue 1 is live for all."]
    assert said(post(staff, RELEASES, **sent, action="rollback", release="2")) == ["catalogue 2 is live for all."]
    assert said(post(staff, RELEASES, **sent, action="rollback", release="0")) == ["catalogue 0 is live for all."]
    version = versions.versions("rollout", limit=1)[0]
    assert (version.author, version.reason, version.ip) == ("staff", "try it", "127.0.0.1")


def test_a_switch_is_turned_and_the_page_says_by_whom(staff: Client, file: Path) -> None:
    sent = {"line": "router", "reason": "it decides badly"}
    told = post(staff, RELEASES, **sent, action="off")
    assert said(told) == ["USE_DB_ROUTER_CONFIG is off."]
    assert "USE_DB_ROUTER_CONFIG is off: release 0 decides" in text(told)
    assert "was last turned off by staff" in text(told)
    assert switches.read(file) == {"USE_DB_ROUTER_CONFIG": False}
    assert said(post(staff, RELEASES, **sent, action="on")) == ["USE_DB_ROUTER_CONFIG is on."]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"action": "rollback"}, "Say why"),
        ({"action": "rollback", "reason": "x", "release": "9"}, "Line router has no release 9."),
        ({"action": "rollback", "reason": "x", "release": "nine"}, "Choose a release by its number."),
        ({"action": "roll_out", "reason": "x", "release": "1", "percent": "0"}, "0 is not from 1 to 100."),
        ({"action": "roll_out", "reason": "x", "release": "1", "percent": ""}, "Write for how many percent."),
        ({"action": "roll_out", "reason": "x", "release": "", "percent": "10"}, "Choose the release to roll out."),
        ({"reason": "x"}, "'' is not an action of this page."),
        ({"action": "promote", "reason": "x"}, "Line router has no candidate"),
        ({"action": "explode", "reason": "x"}, "'explode' is not an action of this page."),
        ({"action": "promote", "reason": "x", "line": "horses"}, "There is no line 'horses'."),
    ],
)
def test_a_bad_move_is_told_and_nothing_moves(staff: Client, fields: dict[str, str], told: str) -> None:
    (refusal,) = said(post(staff, RELEASES, **{"line": "router", **fields}))
    assert refusal.startswith(told)
    assert rollout.pointers()["router"] == Pointer(line="router", stable=1)


def test_two_releases_are_compared(staff: Client) -> None:
    rename("Ours")
    page = text(staff.get("/admin/releases/catalogue/difference/?after=2"))
    assert "1 value differs" in page
    assert f"<td>models.{GPT}.name</td><td><del>GPT-5</del></td><td><ins>Ours</ins></td>" in page
    assert "0 values differ" in text(staff.get("/admin/releases/catalogue/difference/?before=0&after=1"))
    assert "Line catalogue has no release 9." in text(
        staff.get("/admin/releases/catalogue/difference/?before=9&after=1")
    )


def test_a_line_that_there_is_not_has_no_difference_page(staff: Client) -> None:
    assert staff.get("/admin/releases/horses/difference/").status_code in {302, 404}


# --- the history


def test_changes_are_shown_by_table_row_author_and_kind(staff: Client, cast: Cast) -> None:
    editing.update(GPT, {"name": "Ours"}, because("by contract", cast.ada.user))
    row = Model.objects.get(identifier=GPT).pk
    page = text(staff.get(f"/admin/changes/?table=model&row={row}"))
    assert "by contract" in page
    assert "<del>GPT-5</del>" in page
    assert "by contract" not in text(staff.get(f"/admin/changes/?table=model&row={row}&kind=added"))
    assert "by contract" in text(staff.get("/admin/changes/?author=ada"))
    assert "No change fits." in text(staff.get("/admin/changes/?author=nobody"))
    assert "older" in text(staff.get("/admin/changes/?table=price"))
    first = staff.get("/admin/changes/?table=price&page=1").context["found"]
    second = staff.get("/admin/changes/?table=price&page=2").context["found"]
    assert len(first) == 40
    assert not {each.id for each in first} & {each.id for each in second}
    for nonsense in ("page=0", "page=x", "page=9999999", "row=x", "kind=x"):
        assert staff.get(f"/admin/changes/?table=model&{nonsense}").status_code == 200
    assert "'horse' is not one of" in said(staff.get("/admin/changes/?table=horse"))[0]


def test_the_history_of_a_row_leads_to_its_changes(staff: Client) -> None:
    answer = staff.get(address(GPT, "history"), follow=True)
    assert answer.redirect_chain[-1][0] == f"/admin/changes/?table=model&row={Model.objects.get(identifier=GPT).pk}"


def test_a_version_is_restored_with_a_reason(staff: Client) -> None:
    rename("Ours")
    row = str(Model.objects.get(identifier=GPT).pk)
    page = f"/admin/changes/model/{versions.versions('model', row)[-1].id}/"
    assert "Restore this version" in text(staff.get(page))
    assert said(post(staff, page))[0].startswith("Say why")
    assert said(post(staff, page, reason="as it was")) == [f"Restored: model {GPT}."]
    assert served(GPT)["name"] == "GPT-5"
    version = versions.versions("model", row)[0]
    assert (version.author, version.ip, version.reason.partition(": ")[2]) == ("staff", "127.0.0.1", "as it was")


def test_a_deleted_model_is_brought_back_whole(staff: Client) -> None:
    before = served(GPT)
    staff.post(address(GPT, "delete"), {"post": "yes"})
    page = f"/admin/changes/model/{versions.versions('model', kind='deleted')[0].id}/"
    assert "Bring it back" in text(staff.get(page))
    (told,) = said(post(staff, page, reason="a mistake"))
    assert told.startswith(f"Restored: model {GPT}, deployment {GPT} at open")
    assert served(GPT) == before


def test_what_is_live_is_not_restored_here_and_what_is_not_there_is_told(staff: Client) -> None:
    page = f"/admin/changes/rollout/{versions.versions('rollout')[0].id}/"
    assert "Restore this version" not in text(staff.get(page))
    assert "rolled back" in said(post(staff, page, reason="x"))[0]
    assert "model has no version 99999999" in said(staff.get("/admin/changes/model/99999999/"))[0]
    assert "'horse' is not one of" in said(staff.get("/admin/changes/horse/1/"))[0]


def test_who_may_change_models_only_does_not_restore_the_router(staff: Client) -> None:
    row = RouterConfiguration.objects.get()
    row.stickiness_bonus = 7
    row.save()
    clerk = some_staff("view_model", "change_model")
    page = f"/admin/changes/routerconfiguration/{versions.versions('routerconfiguration')[-1].id}/"
    assert clerk.post(page, {"reason": "x"}).status_code == 403
    assert RouterConfiguration.objects.get().stickiness_bonus == 7
