"""Tests of variants in the admin: drafted, started, looked at, changed, declared and undone by staff."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from experiments.ab import guarding, lifecycle
from experiments.models import Experiment
from tests.admin.answers import text
from tests.admin.people import some_staff
from tests.cast import Cast, because
from tests.experiments.ab.running import shop, started, traffic

pytestmark = pytest.mark.django_db
LIST = "/admin/ab-tests/"
DRAFT = {
    "name": "large or small", "question": "Is small enough?", "account": "acme", "a_kind": "policy", "a_value": "code",
    "b_kind": "policy", "b_value": "thrift", "unit": "user", "share_b": 50, "exposure": 100, "main": "cost",
    "guard_success": 2, "budget_usd": "4", "planned_days": 14, "allocation": "fixed", "reason": "to find out",
}  # fmt: skip


@pytest.fixture(autouse=True)
def open_the_shop() -> None:
    shop()


def post(staff: Client, path: str, **given: Any) -> str:
    return text(staff.post(f"{LIST}{path}", {"reason": "to find out", **given}, follow=True))


def test_a_test_from_draft_to_declared_and_undone(staff: Client, cast: Cast) -> None:
    assert "The test has not started." in post(staff, "new/", **DRAFT)
    test = Experiment.objects.get()
    assert (test.account, test.guardrails) == (cast.ada.account, [{"measure": "success", "margin": 0.02}])
    assert "Started: it counts from the next request on." in post(staff, f"{test.pk}/", action="start")
    page = post(staff, f"{test.pk}/edit/", **{**DRAFT, "share_b": 20})
    assert "Saved. Phase 2 counts." in page
    kept = [{"measure": "success", "margin": 0.07}, {"measure": "fallback", "margin": 0.05}]
    test = lifecycle.edit(test, {"guardrails": kept}, because("stricter"))
    post(staff, f"{test.pk}/edit/", **{**DRAFT, "share_b": 20, "guard_success": 7, "name": "better called so"})
    test.refresh_from_db()
    assert (test.name, test.phase, sorted(test.guardrails, key=str)) == ("better called so", 3, sorted(kept, key=str))
    assert "Declared: B. The test has ended." in post(
        staff, f"{test.pk}/", action="declare", declared="b", as_default="on"
    )
    assert "Undone." in post(staff, f"{test.pk}/", action="undo")
    assert "B won" in text(staff.get(LIST))


def test_what_was_found_stands_on_the_page(staff: Client) -> None:
    test = started(guardrails=[{"measure": "success", "margin": 0.02}], question="Is small enough?")
    for each in range(2):
        traffic(test, "a", 12, 3, first=12 * each, cost_nano=4_000_000)
        traffic(test, "b", 12, 3, first=12 * each, cost_nano=1_000_000 * (1 + each))
        guarding.look(test.pk, now() + timedelta(minutes=1 + each))
    page = text(staff.get(f"{LIST}{test.pk}/"))
    for said in (
        "B is cheaper.", "Cost per request is $0.0015 with B and $0.0040 with A: \N{MINUS SIGN}62", "24 users and keys · 72 requests", "Sample ratio fits",
        "not more than 2 points lower", 'class="ivl good"', "Difference in cost per request, B against A",
    ):  # fmt: skip
        assert said in page, said


def test_what_is_refused_comes_back_with_the_dialog_open(staff: Client) -> None:
    test = started()
    page = post(staff, f"{test.pk}/", action="declare", declared="b", as_default="on")
    assert "The router has no policy that is everybody&#x27;s default" in page
    assert "data-shown" in page
    assert "no active policy" in post(staff, "new/", **{**DRAFT, "b_value": "gone"})


def test_who_may_look_only_sees_no_button(cast: Cast) -> None:
    test = started()
    client = some_staff("view_experiment")
    assert "data-opens" not in text(client.get(f"{LIST}{test.pk}/"))
    assert client.post(f"{LIST}{test.pk}/", {"action": "stop", "reason": "no"}).status_code == 403
    assert client.get(f"{LIST}new/").status_code == 403
