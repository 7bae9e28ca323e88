"""Looks at tests that run: what is kept of them, and what stops or ends a test by itself."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils.timezone import now

from budgets.models import Alert
from experiments.ab import guarding, running
from experiments.models import Experiment
from experiments.tasks import look_at_tests
from tests.cast import Cast
from tests.experiments.ab.running import AS_IT_IS, shop, started, traffic

pytestmark = pytest.mark.django_db
SUCCESS = [{"measure": "success", "margin": 0.02}]


@pytest.fixture(autouse=True)
def open_the_shop() -> None:
    shop()


def later(test: Experiment, **by: float) -> Experiment:
    with time_machine.travel(now() + timedelta(**by), tick=False):
        look_at_tests()
    test.refresh_from_db()
    return test


def test_a_variant_that_fails_is_stopped_by_one_look_which_says_why(cast: Cast) -> None:
    test = started(cast.ada.account, guardrails=SUCCESS)
    traffic(test, "a", 20, 15)
    traffic(test, "b", 20, 9)
    traffic(test, "b", 20, 6, outcome="failure", http_status=502, fallback_used=True)
    later(test, seconds=2)
    assert (test.state, test.stopped_by) == ("stopped", "success")
    assert test.reason.startswith("Success may be 2 points lower than A's; the difference lies between -")
    assert running.read()[0].share_b == 0
    alert = Alert.objects.get(kind="experiment")
    assert alert.title.startswith("B of the A/B test “large or small” was stopped, everybody gets A: Success may")
    assert (alert.account, alert.state) == (cast.ada.account, "triggered")
    assert (alert.figures["a"], alert.figures["b"], alert.figures["requests_b"]) == (1, 0.6, 300)
    later(test, seconds=20)
    assert Alert.objects.count() == 1


def test_what_b_may_cost_in_all_phases_is_a_guardrail(cast: Cast) -> None:
    test = started(cast.ada.account, budget_usd=Decimal("0.05"))
    traffic(test, "a", 2, 10, cost_nano=10_000_000)
    traffic(test, "b", 2, 2, cost_nano=10_000_000)
    assert later(test, seconds=2).state == "running"
    traffic(test, "b", 1, 1, cost_nano=10_000_000)
    assert later(test, seconds=20).stopped_by == "budget"
    assert test.reason == "B cost $0.05 of the $0.05 that it may cost."


def test_where_both_are_the_same_nothing_is_shown_and_it_ends_as_planned() -> None:
    test = started(a=AS_IT_IS, b=AS_IT_IS, guardrails=SUCCESS, planned_days=3)
    for outcome, each in (("success", 9), ("failure", 1)):
        for variant in "ab":
            traffic(test, variant, 12, each, outcome=outcome)
    later(test, seconds=2)
    look = test.looks.get()
    assert {each["says"] for each in look.findings["measures"]} == {"open"}
    assert later(test, days=2.9).state == "running"
    assert later(test, days=3.1).state == "ended"
    assert (test.stopped_by, test.reason) == ("plan", "The planned 3 days are over.")


def test_looks_are_thinned_and_the_newest_is_always_there() -> None:
    test = started()
    moments = [now() + timedelta(seconds=each) for each in (7_200, 10_800, 10_815, 10_830, 11_100)]
    for moment in moments:
        guarding.look(test.pk, moment)
    assert list(test.looks.values_list("at", flat=True)) == [moments[0], moments[1], moments[4]]


def test_the_least_p_of_the_sample_ratio_is_remembered_in_its_phase() -> None:
    test = started()
    traffic(test, "a", 60)
    later(test, seconds=2)
    before = test.looks.last().findings["ratio"]
    assert not before["fits"]
    traffic(test, "b", 60)
    later(test, seconds=20)
    assert test.looks.last().findings["ratio"]["p"] == before["p"]


def test_an_adaptive_test_sends_new_units_where_it_does_better_and_tells_no_interval() -> None:
    test = started(unit="session", allocation="adaptive", floor=20)
    assert running.read()[0].is_adaptive
    traffic(test, "a", 30, cost_nano=4_000_000)
    traffic(test, "b", 15, cost_nano=1_000_000)
    traffic(test, "b", 15, cost_nano=2_000_000, first=15)
    later(test, seconds=2)
    assert running.read()[0].share_b == pytest.approx(0.8)
    cost = test.looks.last().findings["measures"][0]
    assert (cost["b"], cost["difference"], cost["says"]) == (pytest.approx(0.0015), None, "open")
    assert test.history.count() == 2


def test_a_test_that_is_gone_meanwhile_is_not_looked_at() -> None:
    assert guarding.look(0, now()) is False
