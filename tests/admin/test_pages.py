"""The admin: every page opens, every change has its reason, author and release, and nonsense is a form error."""

import html
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from autorouter.models import Policy, Profile, RouterConfiguration
from budgets.models import ApiKey, LedgerEntry, Limit
from budgets.people.keys import find_caller
from models_registry.models import Deployment, Model, Price
from routerhub.releases.models import Release
from tests.admin.answers import messages_of
from tests.analytics.rows import insert
from tests.cast import Cast
from tests.stack import ROOT

Form = Callable[[str], dict[str, Any]]


@pytest.fixture
def form(staff: Client) -> Form:
    """The fields of a page as a browser would send them back."""

    def read(url: str) -> dict[str, Any]:
        context = staff.get(url).context
        values = dict(_fields(context["adminform"].form))
        for inline in context["inline_admin_formsets"]:
            values |= dict(_fields(inline.formset.management_form))
            for each in inline.formset.forms:
                values |= dict(_fields(each))
        return values

    def _fields(form: Any) -> Any:
        for field in form:
            value = field.value()
            if value is None or value is False:
                continue
            parts = getattr(field.field.widget, "widgets", None)
            if parts:
                for at, part in enumerate(field.field.widget.decompress(value)):
                    yield f"{field.html_name}_{at}", part
            else:
                yield field.html_name, "on" if value is True else value

    return read


def errors(response: Any) -> str:
    assert response.status_code == 200, "a form with errors is shown again"
    context = response.context
    inline = [each.formset.errors for each in context["inline_admin_formsets"]]
    return f"{context['adminform'].form.errors} {inline}"


@pytest.mark.parametrize(
    ("columns", "shown"), [({"requested_model": ""}, "asked for nothing readable"), ({}, "asked for auto")]
)
def test_a_refused_request_says_so_and_names_no_model(staff: Client, columns: Any, shown: str) -> None:
    made = insert(outcome="refused", model="", provider="", error="messages: None was given", **columns)
    page = staff.get("/admin/analytics/record/").content.decode()
    assert "none" in page
    assert shown in page
    page = staff.get(f"/admin/analytics/record/{made}/change/").content.decode()
    assert "messages: None was given" in page
    assert "does not keep what its decision came from" in page


def test_the_page_of_a_record_tells_which_attempt_was_begun_beside_another(staff: Client) -> None:
    asked = {"deployment": "acme/large", "status": None, "latency_ms": 500, "error": "Cut: Another place was quicker."}
    made = insert(attempts=[asked, {"deployment": "beta/large", "status": 200, "latency_ms": 90, "is_hedge": True}])
    page = staff.get(f"/admin/analytics/record/{made}/change/").content.decode()
    assert "<td>acme/large</td>" in page
    assert "<td>beta/large (hedge)</td>" in page


def test_what_the_provider_says_a_request_cost_stands_on_its_page_and_is_filtered_by_where_it_differs(
    staff: Client,
) -> None:
    made = insert(cost_nano=1_500, reported_cost_nano=3_000_000, is_cost_disputed=True, model="odd:one")
    insert(model="good:one")
    page = staff.get(f"/admin/analytics/record/{made}/change/").content.decode()
    assert "The answer's cost by the provider itself" in html.unescape(page)
    assert "$0.003" in page
    listed = staff.get("/admin/analytics/record/?is_cost_disputed=true").content.decode()
    assert "odd:" in listed
    assert "good:" not in listed


def test_every_list_and_every_first_row_opens(staff: Client) -> None:
    insert(attempts=[{"deployment": "sandbox/a:b", "status": 200, "latency_ms": 4, "error": ""}])
    Limit.objects.create(kind="site", measure="money", period="day", amount=5 * 10**9)
    staff.get("/admin/")
    assert len(admin.site._registry) > 20, "the pages are loaded with the addresses"
    for model, page in admin.site._registry.items():
        label = f"{model._meta.app_label}_{model._meta.model_name}"
        assert staff.get(reverse(f"admin:{label}_changelist"), follow=True).status_code == 200, label
        row = model._default_manager.first()
        if row is not None:
            assert staff.get(reverse(f"admin:{label}_change", args=[row.pk]), follow=True).status_code == 200, label
            if hasattr(page, "history_view"):
                assert staff.get(reverse(f"admin:{label}_history", args=[row.pk]), follow=True).status_code == 200, (
                    label
                )


def test_the_ledger_shows_every_nano_dollar_and_marks_the_sandboxs(staff: Client) -> None:
    books = {"hop": 0, "account_id": 1, "tokens": 5, "counters": [], "outcome": "success", "settled_at": now()}
    LedgerEntry.objects.create(operation_id=uuid.uuid4(), kind="charge", amount_nano=49_500, **books)
    LedgerEntry.objects.create(operation_id=uuid.uuid4(), kind="charge", amount_nano=7, is_sandbox=True, **books)
    LedgerEntry.objects.create(
        operation_id=uuid.uuid4(), kind="correction", amount_nano=-1_250_000_001, **{**books, "tokens": 0}
    )
    page = staff.get(reverse("admin:budgets_ledgerentry_changelist")).content.decode()
    for shown in ("$0.0000495<", "$0.000000007 (sandbox)<", "\N{MINUS SIGN}$1.250000001<"):
        assert shown in page, shown


def test_a_limit_shows_apart_what_of_it_the_sandbox_used(staff: Client) -> None:
    limit = Limit.objects.create(kind="site", measure="money", period="total", amount=5 * 10**9)
    limit.counters.create(
        measure="money", period="total", period_start=datetime(1970, 1, 1, tzinfo=UTC), spent=3_000, sandbox=1_000
    )
    for table in ("limit", "counter"):
        page = staff.get(reverse(f"admin:budgets_{table}_changelist")).content.decode()
        assert "$0.000002 + $0.000001 (sandbox)" in page, table


def test_a_record_cannot_be_changed(staff: Client) -> None:
    url = reverse("admin:analytics_record_change", args=[insert()])
    assert staff.get(url).status_code == 200
    assert staff.post(url, {}).status_code == 403


CONFIGURATION = "/admin/tuning/"


@pytest.fixture
def tuning(staff: Client) -> dict[str, Any]:
    """The tuning page's fields as a browser would send them back."""
    context = staff.get(CONFIGURATION).context
    shown = {name: value for name, value in context["shown"].items() if value not in (False, None)}
    pairs = shown.pop("speed_bonuses").items()
    rows = {"speed_pattern": [pattern for pattern, _ in pairs], "speed_points": [points for _, points in pairs]}
    return {**shown, **rows, "how": "live", "seen": context["form"].initial["seen"]}


def test_a_change_is_kept_with_author_and_reason_and_is_live_at_once(
    staff: Client, tuning: dict[str, Any], cast: Cast
) -> None:
    sent = {**tuning, "stickiness_bonus": "4", "reason": "less of it"}
    assert staff.post(CONFIGURATION, sent).status_code == 302
    version = RouterConfiguration.history.first()
    assert (version.stickiness_bonus, version.history_change_reason) == (4, "less of it")
    assert version.history_user == cast.staff
    release = Release.objects.get(line="router", number=2)
    assert (release.bundle["config"]["stickiness_bonus"], release.author, release.reason) == (
        4,
        cast.staff,
        "less of it",
    )
    assert "less of it" in staff.get("/admin/autorouter/routerconfiguration/1/history/", follow=True).content.decode()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reason": ""}, "Say why"),
        ({"stickiness_bonus": "101"}, "Write a number from 0 to 100."),
        ({"stickiness_bonus": "much"}, "Write a number from 0 to 100."),
        ({"cheap_below": "6"}, "above where premium begins"),
        ({"speed_pattern": ["flash", "flash"], "speed_points": ["1", "2"]}, "in the list twice"),
        ({"speed_pattern": ["flash"], "speed_points": ["fast"]}, "is not a number"),
    ],
)
def test_a_bad_configuration_is_a_form_error_and_changes_nothing(
    staff: Client, tuning: dict[str, Any], changes: dict[str, Any], message: str
) -> None:
    response = staff.post(CONFIGURATION, {**tuning, "reason": "try", **changes})
    assert response.status_code == 200, "a form with errors is shown again"
    assert message in str(response.context["form"].errors)
    assert RouterConfiguration.history.count() == 1
    assert Release.objects.filter(line="router").count() == 1


def test_a_profile_score_of_101_is_a_form_error(staff: Client, form: Form) -> None:
    url = reverse("admin:autorouter_profile_change", args=[Profile.objects.get(model="openai:gpt-5").pk])
    response = staff.post(url, {**form(url), "reason": "try", "scores-0-value": "101"})
    assert "A score is 0 to 100." in errors(response)
    assert Release.objects.filter(line="router").count() == 1


def test_a_profile_score_is_changed_and_released(staff: Client, form: Form) -> None:
    profile = Profile.objects.get(model="openai:gpt-5")
    url = reverse("admin:autorouter_profile_change", args=[profile.pk])
    assert staff.post(url, {**form(url), "reason": "measured", "scores-0-value": "91"}).status_code == 302
    assert Release.objects.get(line="router", number=2).bundle["profiles"]["openai:gpt-5"]["quality"]["value"] == 91
    assert profile.scores.get(dimension="quality").history.first().history_change_reason == "measured"


def test_a_negative_price_is_a_form_error(staff: Client, form: Form) -> None:
    deployment = Deployment.objects.get(model__identifier="openai:gpt-5", provider_id="openai")
    url = reverse("admin:models_registry_deployment_change", args=[deployment.pk])
    price = {
        "prices-TOTAL_FORMS": "1", "prices-INITIAL_FORMS": "0", "prices-0-effective_from_0": "2026-12-01",
        "prices-0-effective_from_1": "00:00", "prices-0-input": "-1", "prices-0-output": "2", "prices-0-tiers": "[]",
        "prices-0-source": "list", "prices-0-dated": "2026-11-21",
    }  # fmt: skip
    before = Price.objects.count()
    assert "A price is never negative." in errors(staff.post(url, {**form(url), "reason": "new price", **price}))
    assert Price.objects.count() == before
    assert staff.post(url, {**form(url), "reason": "new price", **price, "prices-0-input": "1"}).status_code == 302
    assert Price.objects.count() == before + 1
    assert Release.objects.filter(line="catalogue").count() == 2


def test_what_would_break_the_release_is_a_form_error_and_nothing_is_written(staff: Client, form: Form) -> None:
    model = Model.objects.get(identifier="openai:gpt-5")
    url = reverse("admin:models_registry_model_change", args=[model.pk])
    sent = {**form(url), "reason": "try"}
    deletions = {name: "on" for name in (f"deployments-{at}-DELETE" for at in range(model.deployments.count()))}
    assert "a model needs at least one deployment" in errors(staff.post(url, {**sent, **deletions}))
    assert model.deployments.count() == 2
    assert Release.objects.filter(line="catalogue").count() == 1


def test_a_limit_is_entered_by_name_and_shown_in_dollars(staff: Client, form: Form, cast: Cast) -> None:
    add = reverse("admin:budgets_limit_add")
    sent = {
        "kind": "account", "subject": "acme", "measure": "money", "period": "day", "amount": "2.5", "is_active": "on",
        "mode": "hard", "soft_percent": "80", "max_tier": "mid",
    }  # fmt: skip
    assert staff.post(add, sent).status_code == 302
    limit = Limit.objects.get()
    assert (limit.amount, limit.subject, limit.account) == (2_500_000_000, str(cast.ada.account.pk), cast.ada.account)
    assert "$2.5" in staff.get(reverse("admin:budgets_limit_changelist")).content.decode()
    shown = form(reverse("admin:budgets_limit_change", args=[limit.pk]))
    assert (str(shown["amount"]), shown["subject"]) == ("2.5", "acme")
    bad = {**sent, "measure": "requests"}
    assert "is not a whole number of requests" in errors(staff.post(add, bad))
    assert "Empty for the whole site" in errors(staff.post(add, {**sent, "kind": "site"}))
    assert "there is acme" in errors(staff.post(add, {**sent, "subject": "acmee"}))


def test_a_key_made_in_the_admin_is_shown_once_and_works(staff: Client, cast: Cast) -> None:
    sent = {"account": cast.ada.account.pk, "name": "new", "permissions": ["inference"]}
    page = staff.post(reverse("admin:budgets_apikey_add"), sent, follow=True).content.decode()
    text = "rh_" + page.split(">rh_")[1].split("</code>")[0]
    assert find_caller(text).key_name == "new"
    assert text not in staff.get(reverse("admin:budgets_apikey_changelist")).content.decode()
    assert ApiKey.objects.filter(name="new").count() == 1


def test_a_new_key_comes_with_the_readmes_lines_for_each_client(staff: Client, cast: Cast) -> None:
    sent = {"account": cast.ada.account.pk, "name": "new", "permissions": ["inference"]}
    page = html.unescape(staff.post(reverse("admin:budgets_apikey_add"), sent, follow=True).content.decode())
    readme = (ROOT / "README.md").read_text().replace("http://127.0.0.1:8000", "http://testserver")
    shell = readme.split("```sh\nexport ANTHROPIC_BASE_URL")[1].split("\nclaude")[0]
    config = readme.split("```toml\n")[1].split("```")[0].strip()
    assert shell in page
    assert config in page
    assert "export ROUTERHUB_URL=http://testserver ROUTERHUB_API_KEY=rh_" in page


def test_people_who_are_not_staff_are_sent_to_the_login(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.cy.user)
    assert client.get("/admin/analytics/record/").status_code == 302


def test_whoever_comes_to_the_login_page_itself_lands_on_the_overview(cast: Cast) -> None:
    cast.staff.set_password("a password of a test")
    cast.staff.save()
    client = Client()
    assert client.get("/admin/login/")["Location"] == "/accounts/login/?next=/admin/"
    answer = client.post("/accounts/login/", {"login": cast.staff.username, "password": "a password of a test"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")


def test_a_policy_that_names_a_deprecated_model_is_told_its_successor(staff: Client, form: Form) -> None:
    row = Policy.objects.get(name="code", is_active=True)
    url = reverse("admin:autorouter_policy_change", args=[row.pk])
    sent = {**form(url), "model_ids": "openai:gpt-3.5-turbo\nopenai:gpt-5", "reason": "an old program"}
    told = messages_of(staff.post(url, sent, follow=True))
    assert "openai:gpt-3.5-turbo is deprecated: openai:gpt-4o-mini answers in its place." in told


def test_a_policys_models_are_written_one_a_line_and_live_in_that_order(staff: Client, form: Form) -> None:
    row = Policy.objects.get(name="code", is_active=True)
    url = reverse("admin:autorouter_policy_change", args=[row.pk])
    shown = form(url)
    assert str(shown["model_ids"]).splitlines() == row.model_ids
    turned = row.model_ids[::-1]
    sent = {**shown, "model_ids": "\r\n".join(["", *turned, "  "]), "reason": "the other way round"}
    assert staff.post(url, sent).status_code == 302
    assert Release.objects.get(line="router", number=2).bundle["policies"]["code"]["models"] == turned
    refused = errors(staff.post(url, {**sent, "model_ids": "openai:gpt-5\nno:such"}))
    assert "no:such" in refused
    assert "This field is required" in errors(staff.post(url, {**sent, "model_ids": " \r\n"}))
    assert Release.objects.filter(line="router").count() == 2
