"""What a look finds in records, against what was reckoned by hand."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from analytics.models import Feedback
from experiments.ab import figures
from experiments.ab.figures import Question, arm_figures, findings, of_phase
from experiments.ab.types import Sums
from experiments.models import Experiment
from tests.analytics.rows import insert, insert_many
from tests.experiments.ab.running import shop, started, traffic

pytestmark = pytest.mark.django_db
COST = Question(share_b=0.5, main="cost")


@pytest.fixture
def test() -> Experiment:
    shop()
    return started()


def source(test: Experiment) -> figures.Source:
    return of_phase(test.pk, test.phase, test.phases.get(number=test.phase).began_at)


def put(test: Experiment, variant: str, unit: str, **columns: object) -> None:
    values = {"experiment": test.pk, "phase": 1, "variant": variant, "unit": unit, "propensity": 0.5}
    given = {"cost_nano": 1_000_000_000, "latency_ms": 100, "ttft_ms": 10, "output_tokens": 5}
    operation = insert(**{**values, **given, **columns})
    if unit == "user 1":
        Feedback.objects.create(operation_id=operation, account_id=1, satisfaction="0.5")


def test_sums_go_by_unit_and_whatever_became_of_a_request_it_counts_for_its_arm(test: Experiment) -> None:
    put(test, "a", "user 1")
    put(test, "a", "user 1", cost_nano=3_000_000_000, latency_ms=300, ttft_ms=None, fallback_used=True)
    put(test, "a", "user 2", outcome="refused", cost_nano=0, latency_ms=9, ttft_ms=None, output_tokens=0)
    put(test, "b", "user 3", outcome="failure", cost_nano=2_000_000_000, output_tokens=0, fallback_used=True)
    arms = arm_figures(source(test))
    assert (arms["a"].requests, arms["a"].units, arms["b"].requests, arms["b"].units) == (3, 2, 1, 1)
    assert arms["a"].of("cost") == Sums(units=2, y=4, w=3, yy=16, yw=8, ww=5)
    assert arms["a"].of("success") == Sums(units=2, y=2, w=3, yy=4, yw=4, ww=5)
    assert arms["a"].of("fallback") == Sums(units=2, y=1, w=3, yy=1, yw=2, ww=5)
    assert arms["a"].of("latency") == Sums(units=1, y=400, w=2, yy=160_000, yw=800, ww=4)
    assert arms["a"].of("ttft") == Sums(units=1, y=10, w=1, yy=100, yw=10, ww=1)
    assert arms["a"].of("tokens") == Sums(units=1, y=10, w=2, yy=100, yw=20, ww=4)
    assert arms["a"].of("satisfaction") == Sums(units=1, y=1, w=2, yy=1, yw=2, ww=4)
    assert arms["b"].of("success") == Sums(units=1, y=0, w=1, yy=0, yw=0, ww=1)
    assert arms["b"].of("latency") == Sums()


def test_another_phase_and_another_test_are_kept_apart_and_who_is_in_both_arms_is_counted(test: Experiment) -> None:
    put(test, "a", "user 1")
    put(test, "b", "user 1")
    put(test, "b", "user 2")
    put(test, "b", "user 3", phase=2)
    put(test, "b", "user 4", experiment=test.pk + 1)
    put(test, "", "", experiment=None, phase=None, propensity=None)
    found = findings(source(test), COST, now())
    assert (found.requests_a, found.requests_b, found.ratio.a, found.ratio.b, found.jumpers) == (1, 2, 1, 2, 1)


def test_the_slowest_five_percent_and_a_difference_that_is_plain(test: Experiment) -> None:
    for variant, fast, slow in (("a", 100, 900), ("b", 50, 200)):
        cost = 4_000_000 if variant == "a" else 1_000_000
        traffic(test, variant, 12, 19, latency_ms=fast, cost_nano=cost)
        traffic(test, variant, 12, 1, latency_ms=slow, cost_nano=cost)
    found = findings(source(test), COST, now())
    told = {each.measure: each for each in found.measures}
    assert found.measures[0].measure == "cost"
    assert [told["cost"].a, told["cost"].b] == pytest.approx([0.004, 0.001])
    assert told["cost"].says == "better"
    assert (told["latency_p95"].a, told["latency_p95"].b) == (100, 50)
    assert (told["latency"].a, told["latency"].b) == (140, 57.5)
    assert told["success"].says == "open"
    assert found.ratio.fits


def test_where_nothing_was_asked_nothing_is_found(test: Experiment) -> None:
    found = findings(source(test), COST, now())
    assert (found.requests_a, found.requests_b, found.jumpers, found.ratio.p) == (0, 0, 0, 1)
    assert all(each.a is None and each.difference is None and each.says == "open" for each in found.measures)


def test_two_releases_are_two_arms_as_well(test: Experiment) -> None:
    since = now() - timedelta(minutes=1)
    for release, user in ((4, 1), (5, 2), (5, 2), (6, 3)):
        insert_many(1, router_release=release, user_id=user)
    arms = figures.Source(
        where="r.created_at >= %(since)s AND r.router_release IN (4, 5)", unit="r.user_id::text",
        arm="CASE r.router_release WHEN 5 THEN 'b' ELSE 'a' END", values={"since": since},
    )  # fmt: skip
    found = arm_figures(arms)
    assert [(found[arm].requests, found[arm].units) for arm in figures.ARMS] == [(1, 1), (2, 1)]
