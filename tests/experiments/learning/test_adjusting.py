"""A policy's order follows measured performance, within what staff allow, one release a round, and back.

With a margin of 30 points a model of 50 % success among perfect ones is surely worse, and they are not surely better.
"""

from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command
from django.utils.timezone import now

from analytics.models import Record
from autorouter.configuration import bundles, compiler, policies
from autorouter.decision.ordering import Measured
from autorouter.models import Policy, PolicyShift
from autorouter.types import Constraints
from experiments.learning import adjusting
from experiments.tasks import adjust_policies
from routerhub.releases import rollout, store
from tests.cast import Cast, because
from tests.experiments.traffic import LARGE, MIDDLE, SMALL, answers, failed, open_shop, policy, request

pytestmark = pytest.mark.django_db
ALL = (LARGE, MIDDLE, SMALL)


@pytest.fixture(autouse=True)
def shop() -> None:
    open_shop(code=policy(*ALL), other=policy(*ALL))
    allow()


def allow(most: int = 2, fewest: int = 20, margin: int = 30, name: str = "code") -> None:
    values = {"adjust_max_places": most, "adjust_min_requests": fewest, "adjust_margin": Decimal(margin)}
    Policy.objects.filter(name=name).update(**values)


def traffic(name: str = "code", count: int = 100, **good: int) -> None:
    """So many requests to each model; of best:large, `large` succeed, and so on. All of them by default."""
    for word, model in (("large", LARGE), ("middle", MIDDLE), ("small", SMALL)):
        succeeded = good.get(word, count)
        answers(succeeded, policy=name, model=model)
        answers(count - succeeded, policy=name, model=model, outcome="failure", http_status=502)


def order(name: str = "code") -> tuple[str, ...]:
    """As it is live."""
    number = rollout.pointers()["router"].stable
    return bundles.read(store.bundle("router", number), number).policies[name].models


def places() -> dict[str, int]:
    return compiler.current_shifts().get("code", {})


def test_a_failing_model_is_demoted_one_place_a_round_and_no_further_than_allowed() -> None:
    traffic(large=50)
    found = []
    for _ in range(4):
        rounds = adjusting.adjust_all()
        found.append((len(rounds), places(), order()))
    assert found == [
        (1, {LARGE: 1}, (MIDDLE, LARGE, SMALL)),
        (1, {LARGE: 2}, (MIDDLE, SMALL, LARGE)),
        (0, {LARGE: 2}, (MIDDLE, SMALL, LARGE)),
        (0, {LARGE: 2}, (MIDDLE, SMALL, LARGE)),
    ]
    assert rollout.pointers()["router"].stable == 3, "two rounds, two releases"
    assert Policy.objects.get(name="code").model_ids == list(ALL), "what staff wrote stays as it is"


@pytest.mark.parametrize("most", [1, 2])
def test_no_model_moves_further_than_allowed(most: int) -> None:
    allow(most=most)
    traffic(large=50)
    for _ in range(5):
        adjusting.adjust_all()
    assert order().index(LARGE) == most


def test_a_failing_model_passes_one_model_a_round_though_the_others_are_surely_better() -> None:
    allow(most=1, margin=5)
    traffic(large=50)
    adjusting.adjust_all()
    assert order() == (MIDDLE, LARGE, SMALL), "it may move by one place at most"


def test_a_model_that_does_surely_better_is_promoted() -> None:
    """95 of 100 against 40 of 200: 89 % at least, more than 30 points over 20 %."""
    traffic(large=20, middle=20, small=95)
    adjusting.adjust_all()
    assert (places(), order()) == ({SMALL: -1}, (LARGE, SMALL, MIDDLE))


def test_a_policy_that_staff_do_not_let_be_adjusted_stays() -> None:
    traffic("other", large=0)
    assert adjusting.adjust_all() == []
    assert order("other") == ALL
    assert rollout.pointers()["router"].stable == 1


def test_fewer_requests_than_asked_move_nothing() -> None:
    allow(fewest=100)
    traffic(count=99, large=0)
    assert adjusting.adjust_all() == []
    answers(1, policy="code", model=LARGE, outcome="failure")
    assert [each.policy for each in adjusting.adjust_all()] == ["code"]


def test_a_model_that_does_as_well_again_comes_back_one_place_a_round() -> None:
    traffic(large=50)
    adjusting.adjust_all()
    adjusting.adjust_all()
    with time_machine.travel(now() + timedelta(days=2)):
        traffic(large=90)
        adjusting.adjust_all()
        assert (places(), order()) == ({LARGE: 1}, (MIDDLE, LARGE, SMALL))
        (last,) = adjusting.adjust_all()
        assert (last.shifts, places(), order()) == ({}, {}, ALL)
        assert adjusting.adjust_all() == []
    told = store.listed("router")[0].reason
    assert told == "adjusted code by performance: every model back to its place"


def test_between_worse_and_as_good_it_stays_where_it_is() -> None:
    traffic(large=50)
    adjusting.adjust_all()
    with time_machine.travel(now() + timedelta(days=2)):
        traffic(large=78)
        assert adjusting.adjust_all() == [], "22 points: within the margin of 30, not within half of it"
        assert places() == {LARGE: 1}


def test_what_was_measured_too_long_ago_does_not_hold_a_model_down() -> None:
    traffic(large=50)
    adjusting.adjust_all()
    with time_machine.travel(now() + timedelta(hours=25)):
        adjusting.adjust_all()
        assert (places(), order()) == ({}, ALL)


def test_a_policy_that_may_no_longer_be_adjusted_returns_to_what_staff_wrote() -> None:
    traffic(large=50)
    adjusting.adjust_all()
    allow(most=0)
    adjusting.adjust_all()
    assert (places(), order()) == ({}, ALL)


# --- what counts


def test_who_left_and_what_a_limit_refused_say_nothing_of_a_model() -> None:
    answers(30, policy="code", model=LARGE)
    answers(50, policy="code", model=LARGE, outcome="abandoned", http_status=None)
    answers(40, policy="code", model=LARGE, outcome="refused", http_status=429)
    assert adjusting.measured("code") == {LARGE: Measured(requests=30, successes=30)}


def test_a_rate_limit_of_a_model_that_was_called_counts_as_its_failure() -> None:
    attempts = [failed(LARGE), failed(LARGE)]
    answers(5, policy="code", model=LARGE, outcome="failure", http_status=429, fallback_used=True, attempts=attempts)
    assert adjusting.measured("code") == {LARGE: Measured(requests=5, successes=0)}


def test_a_failed_attempt_counts_for_the_model_that_failed() -> None:
    attempts = [failed(LARGE), failed(LARGE), failed(MIDDLE), failed(SMALL, error="")]
    answers(10, policy="code", model=SMALL, fallback_used=True, attempts=attempts)
    assert adjusting.measured("code") == {
        SMALL: Measured(requests=10, successes=10), LARGE: Measured(requests=10, successes=0),
        MIDDLE: Measured(requests=10, successes=0),
    }  # fmt: skip


def test_a_try_that_was_repeated_with_success_is_a_success() -> None:
    answers(3, policy="code", model=LARGE, fallback_used=True, attempts=[failed(LARGE), failed(LARGE, error="")])
    assert adjusting.measured("code") == {LARGE: Measured(requests=3, successes=3)}


def test_an_attempt_that_was_cut_since_another_was_quicker_counts_for_none() -> None:
    attempts = [failed(LARGE) | {"was_cut": True}, failed(MIDDLE, error="")]
    answers(3, policy="code", model=MIDDLE, fallback_used=True, attempts=attempts)
    assert adjusting.measured("code") == {MIDDLE: Measured(requests=3, successes=3)}


def test_attempts_alone_demote_a_model() -> None:
    traffic(count=100)
    answers(100, policy="code", model=MIDDLE, fallback_used=True, attempts=[failed(LARGE), failed(MIDDLE, error="")])
    adjusting.adjust_all()
    assert order() == (MIDDLE, LARGE, SMALL)


def test_answers_from_the_cache_say_nothing_of_a_model() -> None:
    traffic(large=50)
    answers(1_000, policy="code", model=LARGE, saved_nano=5)
    assert adjusting.measured("code")[LARGE].requests == 100


def test_only_the_last_day_of_the_policy_itself_is_measured() -> None:
    answers(9, policy="code", model=LARGE, created_at=(now() - timedelta(hours=25)).isoformat())
    answers(8, policy="other", model=LARGE)
    answers(7, model=LARGE)
    answers(2, policy="code", model=LARGE)
    assert adjusting.measured("code") == {LARGE: Measured(requests=2, successes=2)}


# --- what is kept

TOLD = "success 50.0% of 100 (40.4% to 59.6%), the others 100.0%: worse by more than 30.0%"


def test_a_round_is_a_release_with_its_figures_and_a_history() -> None:
    traffic(large=50)
    (done,) = adjusting.adjust_all()
    assert (done.policy, {model: (shift.places, shift.reason) for model, shift in done.shifts.items()}) == (
        "code", {LARGE: (1, TOLD)},
    )  # fmt: skip
    release = store.listed("router")[0]
    assert (release.number, release.author, release.reason) == (
        2, None, f"adjusted code by performance: {LARGE} +1 ({TOLD})",
    )  # fmt: skip
    assert store.bundle("router", 2)["policies"]["code"]["shifts"] == {LARGE: 1}
    row = PolicyShift.objects.get()
    assert (row.places, row.evidence) == (1, {"summary": TOLD})
    version = PolicyShift.history.get()
    assert (version.history_user, version.history_change_reason) == (None, release.reason)
    assert [each.path for each in store.compared("router", 1, 2)] == ["policies.code.shifts"]


def test_every_round_adds_a_version_with_its_own_figures() -> None:
    traffic(large=50)
    adjusting.adjust_all()
    since = PolicyShift.objects.get().since
    adjusting.adjust_all()
    assert [version.places for version in PolicyShift.history.order_by("history_id")] == [1, 2]
    assert PolicyShift.objects.get().since > since


def test_two_policies_are_adjusted_in_one_release() -> None:
    allow(name="other")
    traffic(large=50)
    traffic("other", middle=50)
    assert [each.policy for each in adjusting.adjust_all()] == ["code", "other"]
    assert (order("code"), order("other")) == ((MIDDLE, LARGE, SMALL), (LARGE, SMALL, MIDDLE))
    assert rollout.pointers()["router"].stable == 2


def test_a_round_that_was_undone_is_put_back_as_staff_wrote_it(cast: Cast) -> None:
    traffic(large=50)
    adjusting.adjust_all()
    policies.undo_shift(PolicyShift.objects.get(), because("a hiccup of theirs", cast.staff))
    assert (places(), order()) == ({}, ALL)
    release = store.listed("router")[0]
    assert (release.number, release.reason, release.author) == (3, "a hiccup of theirs", cast.staff)
    version = PolicyShift.history.first()
    assert (version.history_type, version.history_change_reason) == ("-", "a hiccup of theirs")


def test_a_rollback_takes_the_shifts_with_it() -> None:
    traffic(large=50)
    adjusting.adjust_all()
    rollout.rollback("router", 1, because("as it was"))
    assert (places(), order()) == ({}, ALL)


# --- the command and the task


def said() -> str:
    out = StringIO()
    call_command("adjust_policies", stdout=out)
    return out.getvalue().strip()


def test_the_command_tells_each_move_with_its_figures_or_that_there_is_none() -> None:
    assert said() == "no order changes"
    traffic(large=50)
    assert said() == f"code: {LARGE} +1: {TOLD}"


def test_the_command_tells_that_a_model_is_back() -> None:
    traffic(large=50)
    adjusting.adjust_all()
    allow(most=0)
    assert "no order changes" not in said()
    assert order() == ALL


def test_the_task_is_one_round() -> None:
    traffic(large=50)
    adjust_policies()
    assert order() == (MIDDLE, LARGE, SMALL)


def test_a_request_tries_the_adjusted_order_first() -> None:
    traffic(large=50)
    adjusting.adjust_all()
    assert Record.objects.get(pk=request(Constraints(policy="code"))).model == MIDDLE
