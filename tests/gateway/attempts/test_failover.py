"""What is done after a failed attempt, and what one costs: values in, values out."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_registry.prices.tariffs import Tariff, compile_price
from models_registry.types import Attempt, Price, Rates, Usage
from models_registry.upstream import errors
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
from routerhub.gateway.attempts.failover import (
    MAX_TRIES,
    MAX_TRIES_PER_DEPLOYMENT,
    Exposure,
    GiveUp,
    Left,
    NextDeployment,
    NextKey,
    NextModel,
    Retry,
    Step,
    attempt_cost,
    next_step,
    patience,
)

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ALL_LEFT = Left(seconds=300, deployments=1, models=2)
NOTHING_LEFT = Left(seconds=300, deployments=0, models=0)


def tried(*deployments: str) -> list[Attempt]:
    return [
        Attempt(deployment=each, model="m", provider="p", started_at=NOW, latency_ms=1, error="x")
        for each in deployments
    ]


def left(**changes: Any) -> Left:
    return Left(**{"seconds": 300, "deployments": 1, "models": 2, **changes})


# --- the next step


@pytest.mark.parametrize(
    ("error", "step"),
    [
        (Unreachable("x"), Retry(after_s=0.2)),
        (Failed("x", status=500), Retry(after_s=0.2)),
        (Overloaded("x", status=429), Retry(after_s=0.2)),
        (Overloaded("x", status=429, retry_after_s=1.5), Retry(after_s=1.5)),
        (Overloaded("x", status=429, retry_after_s=0), Retry(after_s=0)),
        (Overloaded("x", status=429, retry_after_s=2.1), NextDeployment()),
        (TimedOut("x"), NextDeployment()),
        (CredentialBad("x", status=401), NextDeployment()),
        (Failed("x", status=404), NextDeployment()),
        (CircuitOpen("x", was_sent=False), NextDeployment()),
        (PromptTooLong("x", status=400), NextModel()),
        (Rejected("x", status=400), GiveUp()),
        (Rejected("x", status=413), GiveUp()),
        (Rejected("x", status=422), GiveUp()),
    ],
)
def test_each_kind_of_error_has_its_step(error: UpstreamError, step: Step) -> None:
    assert next_step(tried("a"), error, ALL_LEFT) == step


@pytest.mark.parametrize(
    ("error", "step"),
    [
        (CredentialBad("x", status=401), NextKey()),
        (CredentialBad("x", status=402), NextKey()),
        (CredentialBad("x", status=403), NextKey()),
        (Overloaded("x", status=429), NextKey()),
        (Overloaded("x", status=429, retry_after_s=30), NextKey()),
        (Overloaded("x", status=503), Retry(after_s=0.2)),
        (Failed("x", status=500), Retry(after_s=0.2)),
        (Unreachable("x"), Retry(after_s=0.2)),
        (TimedOut("x"), NextDeployment()),
        (PromptTooLong("x", status=400), NextModel()),
        (Rejected("x", status=400), GiveUp()),
    ],
)
def test_another_key_is_asked_at_once_where_it_is_the_key_that_fails(error: UpstreamError, step: Step) -> None:
    assert next_step(tried("a"), error, left(keys=1)) == step


def test_refused_keys_are_bounded_by_their_number_and_not_by_the_tries() -> None:
    """F12: five dead keys and a good one."""
    dead = [replace(each, status=401) for each in tried(*["a"] * MAX_TRIES)]
    assert next_step(dead, CredentialBad("x", status=401), left(keys=1)) == NextKey()
    assert next_step(dead, CredentialBad("x", status=401), NOTHING_LEFT) == GiveUp()


def test_a_prompt_that_is_too_long_goes_to_no_other_host_of_the_same_model() -> None:
    """F10: `models` counts those with a larger window."""
    assert next_step(tried("a"), PromptTooLong("x", status=400), left(keys=1, models=0)) == GiveUp()


@pytest.mark.parametrize(("share", "pause"), [(0.0, 0.0), (0.25, 0.05), (1.0, 0.2)])
def test_how_much_of_the_back_off_is_waited_is_chance(share: float, pause: float) -> None:
    assert next_step(tried("a"), Failed("x", status=500), ALL_LEFT, share) == Retry(after_s=pause)


def test_a_pause_that_was_asked_for_is_waited_whole() -> None:
    busy = Overloaded("x", status=503, retry_after_s=1.5)
    assert next_step(tried("a"), busy, ALL_LEFT, 0.1) == Retry(after_s=1.5)


def test_a_deployment_is_asked_twice_then_the_next_one_then_the_next_model() -> None:
    error = Failed("x", status=500)
    assert next_step(tried("a"), error, left()) == Retry(after_s=0.2)
    assert next_step(tried("a", "a"), error, left()) == NextDeployment()
    assert next_step(tried("a", "a", "b", "b"), error, left(deployments=0)) == NextModel()
    assert next_step(tried("a", "a", "b", "b"), error, left(deployments=0, models=0)) == GiveUp()


def test_tries_at_a_deployment_of_an_earlier_model_do_not_count() -> None:
    assert next_step(tried("a", "a", "b", "a"), Unreachable("x"), left()) == Retry(after_s=0.2)


def test_where_there_is_nowhere_else_a_longer_pause_is_taken() -> None:
    busy = Overloaded("x", status=429, retry_after_s=8)
    assert next_step(tried("a"), busy, NOTHING_LEFT) == Retry(after_s=8)
    assert next_step(tried("a"), busy, left(deployments=0)) == NextModel()
    assert next_step(tried("a"), Overloaded("x", retry_after_s=11), NOTHING_LEFT) == GiveUp()


def test_a_pause_that_does_not_fit_into_the_time_left_is_not_begun() -> None:
    assert next_step(tried("a"), Unreachable("x"), left(seconds=0.2)) == NextDeployment()
    assert next_step(tried("a"), Unreachable("x"), left(seconds=0)) == GiveUp()


def test_after_the_first_streamed_content_nothing_is_tried_again() -> None:
    assert next_step(tried("a"), Unreachable("x"), left(has_streamed=True)) == GiveUp()


KINDS = st.sampled_from([Unreachable, TimedOut, Overloaded, Failed, CredentialBad, Rejected])
ERRORS = st.builds(
    lambda kind, status, pause: kind("x", status=status, retry_after_s=pause),
    KINDS,
    st.none() | st.sampled_from([400, 401, 404, 429, 500, 503]),
    st.none() | st.floats(0, 60),
)


@given(st.lists(ERRORS, min_size=40, max_size=40), st.integers(1, 6), st.integers(0, 6), st.floats(0.1, 400))
def test_whatever_fails_it_ends_within_the_tries_and_the_time(
    failures: list[UpstreamError], deployments: int, models: int, seconds: float
) -> None:
    """Plays `dispatch`: every attempt fails, and takes no time of its own."""
    attempts: list[Attempt] = []
    model, place, clock = 0, 0, 0.0
    for error in failures:
        attempts += tried(f"{model}/{place}")
        now = Left(seconds=seconds - clock, deployments=deployments - 1 - place, models=models - model)
        step = next_step(attempts, error, now)
        if isinstance(step, GiveUp):
            break
        assert error.may_retry, "a rejected request is never sent again"
        if isinstance(step, Retry):
            clock += step.after_s
            assert clock < seconds
        elif isinstance(step, NextDeployment):
            place += 1
            assert place < deployments
        else:
            assert isinstance(step, NextModel), "there are no other keys here"
            model, place = model + 1, 0
            assert model <= models
    else:
        raise AssertionError("It did not end.")
    assert len(attempts) <= MAX_TRIES
    in_a_row = max(
        sum(1 for each in attempts if each.deployment == name) for name in {each.deployment for each in attempts}
    )
    assert in_a_row <= MAX_TRIES_PER_DEPLOYMENT


@given(ERRORS, st.integers(0, 10), st.integers(0, 5), st.integers(0, 5))
def test_the_same_values_always_give_the_same_step(
    error: UpstreamError, tries: int, deployments: int, models: int
) -> None:
    attempts, now = tried(*["a"] * max(1, tries)), Left(seconds=10, deployments=deployments, models=models)
    assert next_step(attempts, error, now) == next_step(list(attempts), error, now)


# --- how long


def test_an_upstream_may_be_silent_for_a_minute_while_somebody_else_could_be_asked() -> None:
    limits = patience(left(seconds=300), is_stream=False)
    assert (limits.connect_s, limits.idle_s, limits.first_content_s) == (5, 60, 60)
    assert limits.total_s == 60, "drops that keep the connection alive are no answer"
    assert patience(left(seconds=300), is_stream=True).total_s == 300


@pytest.mark.parametrize(("writing_s", "whole_s"), [(10, 60), (90, 90), (400, 150)])
def test_a_whole_answer_may_take_the_time_that_its_model_needs_to_write_it(writing_s: float, whole_s: float) -> None:
    """F4"""
    limits = patience(left(seconds=300), is_stream=False, writing_s=writing_s)
    assert (limits.first_content_s, limits.idle_s, limits.total_s) == (whole_s, whole_s, whole_s)


def test_the_last_place_has_all_the_time_that_is_left() -> None:
    """F4"""
    whole = patience(NOTHING_LEFT, is_stream=False)
    assert (whole.idle_s, whole.first_content_s) == (300, 300), "a whole answer is silent until it is there"
    stream = patience(NOTHING_LEFT, is_stream=True)
    assert (stream.idle_s, stream.first_content_s) == (60, 300), "a stream that has begun is not"


def test_who_could_be_asked_next_is_left_half_of_the_time() -> None:
    limits = patience(left(seconds=2), is_stream=True)
    assert (limits.connect_s, limits.idle_s, limits.first_content_s, limits.total_s) == (1, 1, 1, 2)


def test_no_limit_exceeds_what_is_left() -> None:
    limits = patience(replace(NOTHING_LEFT, seconds=2), is_stream=True)
    assert (limits.connect_s, limits.idle_s, limits.first_content_s, limits.total_s) == (2, 2, 2, 2)


# --- what it costs


def tariff(input_usd: str = "1", output_usd: str = "3") -> Tariff:
    rates = Rates(input=Decimal(input_usd), output=Decimal(output_usd))
    return compile_price(Price(effective_from=NOW, rates=rates, source="made up", dated=date(2026, 1, 1)))


def exposure(**changes: Any) -> Exposure:
    """Of a whole answer at 1 and 3 USD per 1M tokens, waited for 10 s, of a model that writes 20 tokens a second."""
    values: dict[str, Any] = {
        "input_tokens": 100, "seen": None, "seen_chars": 0, "max_output_tokens": 1_000, "is_stream": False,
        "elapsed_s": 10.0, "tokens_per_s": 20.0, "tariff": tariff(), "held_nano": 3_100_000,
    }  # fmt: skip
    return Exposure(**{**values, **changes})


REFUSALS = [kind("x", status=status) for status, kind in errors.BY_STATUS.items()] + [Rejected("x", status=400)]


@pytest.mark.parametrize("error", [*REFUSALS, Failed("x", status=500), Failed("a redirect", status=302)])
def test_what_was_refused_is_free(error: UpstreamError) -> None:
    assert attempt_cost(error, exposure()).nano == 0


@pytest.mark.parametrize("error", [Unreachable("x", was_sent=False), TimedOut("no connection", was_sent=False)])
def test_what_was_never_sent_is_free(error: UpstreamError) -> None:
    assert attempt_cost(error, exposure()).nano == 0


@pytest.mark.parametrize("error", [TimedOut("x"), Unreachable("lost"), Failed("not JSON", status=200), None])
def test_what_nobody_waited_for_costs_its_prompt_and_what_the_model_writes_in_that_time(
    error: UpstreamError | None,
) -> None:
    charge = attempt_cost(error, exposure())
    assert charge.usage == Usage(input_tokens=100, output_tokens=200, is_estimated=True)
    assert charge.nano == 100 * 1_000 + 200 * 3_000


def test_it_never_writes_more_than_it_may() -> None:
    assert attempt_cost(None, exposure(elapsed_s=1_000.0)).usage.output_tokens == 1_000


def test_where_no_speed_was_measured_the_hold_is_charged() -> None:
    charge = attempt_cost(TimedOut("x"), exposure(tokens_per_s=None))
    assert (charge.nano, charge.usage.is_estimated) == (3_100_000, True)


def test_a_stream_costs_its_prompt_and_what_was_seen_of_it() -> None:
    charge = attempt_cost(Unreachable("broke"), exposure(is_stream=True, seen_chars=41, tokens_per_s=None))
    assert charge.usage == Usage(input_tokens=100, output_tokens=11, is_estimated=True)
    assert charge.nano == 100 * 1_000 + 11 * 3_000


def test_a_stream_that_said_what_it_used_so_far_costs_that() -> None:
    seen = Usage(input_tokens=90, output_tokens=7)
    charge = attempt_cost(None, exposure(is_stream=True, seen=seen, seen_chars=400))
    assert (charge.nano, charge.usage.is_estimated) == (90 * 1_000 + 7 * 3_000, True)


def test_a_refusal_after_something_came_is_not_free() -> None:
    refused = Failed("overloaded", status=503)
    assert attempt_cost(refused, exposure(is_stream=True, seen_chars=4)).nano == 100 * 1_000 + 3_000


@given(
    st.none() | ERRORS, st.integers(0, 10**6), st.integers(0, 10**6), st.booleans(), st.floats(0, 10**4),
    st.none() | st.floats(0, 10**4), st.integers(0, 10**7),
)  # fmt: skip
def test_no_attempt_ever_costs_more_than_its_hold(
    error: UpstreamError | None,
    tokens: int,
    chars: int,
    is_stream: bool,
    elapsed: float,
    speed: float | None,
    held: int,
) -> None:
    at_risk = exposure(
        input_tokens=tokens,
        seen_chars=chars,
        is_stream=is_stream,
        elapsed_s=elapsed,
        tokens_per_s=speed,
        held_nano=held,
    )
    assert 0 <= attempt_cost(error, at_risk).nano <= held
