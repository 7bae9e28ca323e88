"""When a circuit opens, whom a failed call speaks against, and for how long: values in, values out."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_registry.circuits.breaker import Blame, Rules, Window, blame, trips
from models_registry.upstream.errors import (
    CircuitOpen,
    CredentialBad,
    Failed,
    Overloaded,
    PromptTooLong,
    Rejected,
    TimedOut,
    Unreachable,
    UpstreamError,
)

RULES = Rules(window_s=30, min_attempts=5, failure_share=0.5, open_s=15, max_open_s=100)


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (Rejected("x", status=400), Blame(scope="nobody")),
        (Rejected("x", status=413), Blame(scope="nobody")),
        (Rejected("x", status=422), Blame(scope="nobody")),
        (PromptTooLong("x", status=400), Blame(scope="nobody")),
        (CircuitOpen("x"), Blame(scope="nobody")),
        (Unreachable("x"), Blame(scope="deployment")),
        (TimedOut("x"), Blame(scope="deployment")),
        (Failed("x", status=500), Blame(scope="deployment")),
        (Failed("x", status=404), Blame(scope="deployment")),
        (Overloaded("x", status=503, retry_after_s=30), Blame(scope="deployment")),
        (Overloaded("x", status=429), Blame(scope="deployment")),
        (Overloaded("x", status=429, retry_after_s=30), Blame(scope="key there", rest_s=30, is_limit=True)),
        (CredentialBad("x", status=401), Blame(scope="key", rest_s=math.inf)),
        (CredentialBad("x", status=403, code="permission_error"), Blame(scope="key there", rest_s=math.inf)),
        (CredentialBad("an HTML page", status=403), Blame(scope="key there", rest_s=15)),
        (CredentialBad("x", status=402), Blame(scope="key", rest_s=15)),
    ],
)
def test_each_kind_of_error_speaks_against_somebody_or_nobody(error: UpstreamError, found: Blame) -> None:
    assert blame(error, RULES) == found


@pytest.mark.parametrize(
    ("calls", "failures", "opens"), [(4, 4, False), (5, 2, False), (5, 3, True), (10, 5, True), (100, 49, False)]
)
def test_it_opens_on_a_share_of_failures_among_enough_calls(calls: int, failures: int, opens: bool) -> None:
    assert trips(RULES, calls, failures) is opens


def test_a_window_forgets_what_is_older() -> None:
    window = Window(RULES)
    window.count(0.0, True)
    window.count(1.0, False)
    window.count(20.0, True)
    assert window.totals(20.0) == (3, 2)
    assert window.totals(29.9) == (3, 2)
    assert window.totals(31.0) == (1, 1)
    assert window.totals(1_000.0) == (0, 0)


@given(st.lists(st.tuples(st.floats(0, 20), st.booleans()), max_size=60))
def test_a_window_counts_like_a_list_does(steps: list[tuple[float, bool]]) -> None:
    """Exact to a tenth of the window, by which it forgets."""
    window, calls, now = Window(RULES), [], 0.0
    for pause, has_failed in steps:
        now += pause
        window.count(now, has_failed)
        calls.append((now // 3, has_failed))
        living = [failed for number, failed in calls if number > now // 3 - 10]
        assert window.totals(now) == (len(living), sum(living))


def test_each_time_that_the_probe_fails_it_stays_open_twice_as_long() -> None:
    assert [RULES.open_for_s(times) for times in (1, 2, 3, 4, 99)] == [15, 30, 60, 100, 100]
