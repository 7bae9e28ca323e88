"""A second leg beside one that is slow: who is asked, what counts, what is held and charged, and how it ends."""

import asyncio
import json
import random
from collections.abc import Sequence
from typing import Any

import pytest

from autorouter.types import Policy
from models_registry.types import Deployment, ProviderKey
from models_registry.upstream.errors import PromptTooLong, Rejected, TimedOut
from routerhub.gateway.answers.answering import settle
from routerhub.gateway.attempts.calls import OpenedStream, complete
from routerhub.gateway.attempts.dispatch import dispatch
from routerhub.gateway.attempts.leg import Served
from routerhub.gateway.attempts.reservation import FREE
from routerhub.gateway.errors import AllFailed
from tests.autorouter import fakes as router_fakes
from tests.gateway.courses import DOWN, HELD, LARGE, MIDDLE, SMALL, SPEED, Course
from tests.gateway.fake_circuits import RULES
from tests.gateway.fakes import FakeLedger, Said, chunk, completion, operation, rankings, request

pytestmark = pytest.mark.anyio
AFTER_S = 0.5
TIMED_OUT = TimedOut("slow")
TICKS: list[Said] = [chunk()] * 9
"""Of a whole answer nothing but a while."""
QUICK = Policy(
    name="quick", version=1, title="Quick", models=(), max_cost_usd=None, max_output_tokens=None, temperature=None,
    hedge_after_ms=500,
)  # fmt: skip
ROUTER = router_fakes.router(policies=(QUICK,))
PROMPT = 100 * 10_000
"""What a prompt of 100 tokens costs at the large model."""


def hedged(
    *script: Said | list[Said],
    names: Sequence[str] = (),
    models: Any = (),
    ledger: FakeLedger | None = None,
    **made: Any,
) -> Course:
    """By a policy that hedges after 500 ms."""
    met = rankings(*models, router=ROUTER, tokens_per_second=SPEED)
    return Course(*script, ledger=ledger, operation=operation(*names, met=met, policy="quick", **made))


def forever() -> asyncio.Event:
    return asyncio.Event()


class Telling(asyncio.Event):
    """Tells another one that it is waited for. One that `lets_go` is over with that."""

    def __init__(self, other: asyncio.Event, lets_go: bool = False) -> None:
        super().__init__()
        self.other = other
        if lets_go:
            self.set()

    async def wait(self) -> Any:
        self.other.set()
        return await super().wait()


def two_hosts() -> Any:
    """The large model, served by its maker and by somebody else."""
    model = router_fakes.model(LARGE, ("10", "30"))
    beta = Deployment(provider="beta", upstream_model="l-2", prices=model.deployments[0].prices)
    return router_fakes.model(LARGE, deployments=(*model.deployments, beta))


# --- the second leg answers


async def test_a_second_place_answers_for_one_that_is_silent_and_the_first_is_closed_and_charged() -> None:
    course = hedged([forever()], [chunk("Hi")], asked=request(stream=True))
    served: Served[OpenedStream] = await course.stream()
    assert served.candidate.model == MIDDLE
    assert course.runtime.clock.slept == [AFTER_S]  # type: ignore[attr-defined]
    assert course.upstream.open == 1, "the first is closed at its upstream, the second is open"
    assert course.asked == [(0, HELD[LARGE]), (1, HELD[MIDDLE])], "each leg has a hold of its own"
    assert course.settled == [(0, PROMPT, False)]
    assert (served.hold, course.operation.charged_nano) == (course.operation.hold, PROMPT)


async def test_the_attempts_tell_which_one_was_begun_beside_the_other_and_which_was_cut() -> None:
    course = hedged([forever()], completion())
    await course.complete()
    first, second = course.operation.attempts
    assert (first.model, first.is_hedge, first.was_cut, first.status) == (LARGE, False, True, None)
    assert first.error == "Cut: Another place was quicker."
    assert first.cost_nano == PROMPT + 10 * 30_000, "what it writes in half a second"
    assert (second.model, second.is_hedge, second.was_cut, second.status) == (MIDDLE, True, False, 200)


async def test_where_else_the_same_model_is_served_is_asked_before_another_model() -> None:
    course = hedged([forever()], completion(), models=(two_hosts(), router_fakes.model(SMALL, ("0.1", "0.3"))))
    served = await course.complete()
    assert (served.place.deployment.provider, served.candidate.model) == ("beta", LARGE)
    assert course.asked == [(0, HELD[LARGE]), (1, HELD[LARGE])]


async def test_a_leg_that_was_cut_counts_for_no_circuit() -> None:
    course = hedged([forever()], completion())
    for _ in range(20):
        course.operation = operation(met=course.operation.arrival.rankings, policy="quick")
        course.upstream.asked.clear()
        await course.complete()
        assert course.tried == [LARGE, MIDDLE]
    assert course.operation.passed_over == []


# --- the first leg answers


async def test_a_place_that_answers_in_time_is_not_hedged() -> None:
    course = hedged(completion())
    course.runtime.clock.sleep = lambda _: forever().wait()  # type: ignore[assignment,return-value]
    assert (await course.complete()).candidate.model == LARGE
    assert course.asked == [(0, HELD[LARGE])]


async def test_what_no_client_waits_for_is_not_hedged() -> None:
    course = hedged([forever()])
    course.operation.is_awaited = False
    asking = asyncio.ensure_future(course.complete())
    for _ in range(20):
        await asyncio.sleep(0)
    assert (course.asked, course.runtime.clock.slept) == ([(0, HELD[LARGE])], [])  # type: ignore[attr-defined]
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_first_place_that_answers_after_all_ends_the_second() -> None:
    second_asked = asyncio.Event()
    course = hedged([second_asked, completion("late")], [Telling(second_asked)])
    served = await course.complete()
    assert (served.candidate.model, served.hold.granted.hop) == (LARGE, 0)
    assert course.settled == [(1, 100 * 1_000, False)], "the second's prompt"
    hedge, first = course.operation.attempts
    assert (hedge.model, hedge.is_hedge, hedge.was_cut, first.status) == (MIDDLE, True, True, 200)
    assert course.upstream.open == 0


async def test_of_two_that_answer_at_the_same_moment_one_is_served_and_the_other_closed_and_charged_by_what_it_used() -> (
    None
):
    both = asyncio.Event()
    said = chunk("Hi", usage=(10, 20))
    course = hedged([both, said], [Telling(both, lets_go=True), said], asked=request(stream=True))
    served = await course.stream()
    assert course.upstream.open == 1
    cost = {LARGE: 10 * 10_000 + 20 * 30_000, MIDDLE: 10 * 1_000 + 20 * 3_000}
    other = MIDDLE if served.candidate.model == LARGE else LARGE
    assert [nano for _, nano, _ in course.settled] == [cost[other]]


# --- limits


class Noticing(FakeLedger):
    """Tells when a second hold is asked for, which takes a while, or which it is not there for."""

    def __init__(self, has_second: bool = True, **made: Any) -> None:
        super().__init__(**made)
        self.has_second, self.second = has_second, asyncio.Event()

    async def reserve(self, spend: Any) -> Any:
        if spend.hop:
            self.second.set()
            self.is_away = not self.has_second
            for _ in TICKS:
                await asyncio.sleep(0)
        return await super().reserve(spend)


async def test_a_second_leg_that_no_limit_has_room_for_is_not_begun_and_takes_nothing_from_failover() -> None:
    ledger = Noticing(limit_nano=HELD[LARGE] + 1_000)
    course = hedged([ledger.second, *TICKS, *TICKS, DOWN], DOWN, completion(), names=(LARGE, MIDDLE), ledger=ledger)
    assert (await course.complete()).candidate.model == MIDDLE
    assert course.tried == [LARGE, LARGE, MIDDLE]
    assert not any(each.is_hedge for each in course.operation.attempts)


async def test_a_ledger_that_is_away_begins_no_second_leg_and_leaves_the_first_alone() -> None:
    ledger = Noticing(has_second=False)
    course = hedged([ledger.second, *TICKS, *TICKS, completion()], ledger=ledger)
    assert (await course.complete()).candidate.model == LARGE
    assert course.tried == [LARGE]


async def test_there_is_one_second_leg_at_most() -> None:
    """Where both have failed, the next attempt is waited for, however long."""
    began = asyncio.Event()
    course = hedged(
        [began, TIMED_OUT], [Telling(began, lets_go=True), *TICKS, DOWN], [*TICKS, completion()],
    )  # fmt: skip
    assert (await course.complete()).candidate.model == MIDDLE
    assert course.tried == [LARGE, MIDDLE, MIDDLE]
    assert [each.is_hedge for each in course.operation.attempts] == [False, True, False]


@pytest.mark.parametrize("names", [(LARGE,), (LARGE, MIDDLE)])
async def test_who_has_no_time_for_it_or_nobody_else_to_ask_waits_for_the_first(names: tuple[str, ...]) -> None:
    course = hedged([*TICKS, completion()], names=names, seconds=300 if len(names) == 1 else 0.4)
    assert (await course.complete()).candidate.model == LARGE
    assert course.asked == [(0, HELD[LARGE])]


async def test_without_a_policy_that_says_so_nothing_is_hedged() -> None:
    course = Course([*TICKS, completion()])
    assert (await course.complete()).candidate.model == LARGE
    assert course.asked == [(0, HELD[LARGE])]


async def test_a_conversation_stays_with_the_model_that_answered_last_though_that_is_slow() -> None:
    """Its other hosts may be asked. Another model could not go on with what this one signed."""
    course = hedged([*TICKS, completion()], previous_model=LARGE)
    assert (await course.complete()).candidate.model == LARGE
    assert len(course.asked) == 1
    course = hedged([forever()], completion(), models=(two_hosts(),), names=(LARGE,), previous_model=LARGE)
    assert (await course.complete()).place.deployment.provider == "beta"


# --- legs that fail


@pytest.mark.parametrize("error", [DOWN, TIMED_OUT, PromptTooLong("too long", status=400)])
async def test_a_first_place_that_fails_leaves_the_request_to_the_second(error: Exception) -> None:
    began = asyncio.Event()
    course = hedged([began, error], [Telling(began, lets_go=True), *TICKS, completion()])
    served = await course.complete()
    assert (served.candidate.model, course.tried) == (MIDDLE, [LARGE, MIDDLE])
    assert list(course.ledger.holds.values()) == [HELD[MIDDLE]]


@pytest.mark.parametrize("error", [DOWN, TIMED_OUT, Rejected("not here", status=400)])
async def test_a_second_place_that_fails_leaves_the_first_alone(error: Exception) -> None:
    failed = asyncio.Event()
    course = hedged([failed, completion()], [Telling(failed, lets_go=True), error])
    served = await course.complete()
    assert (served.candidate.model, course.tried) == (LARGE, [MIDDLE, LARGE])
    assert list(course.ledger.holds.values()) == [HELD[LARGE]]


async def test_a_request_that_the_first_place_refuses_is_refused_and_the_second_is_closed() -> None:
    began = asyncio.Event()
    course = hedged([began, Rejected("bad schema", status=400)], [Telling(began)])
    with pytest.raises(AllFailed, match="bad schema"):
        await course.complete()
    assert (course.upstream.open, course.tried) == (0, [LARGE, MIDDLE])
    assert (course.record["http_status"], course.record["model"]) == (400, LARGE)
    assert course.operation.attempts[1].error == "Cut: Another place refused the request."
    assert course.record["cost_nano"] == 100 * 1_000, "the second's prompt"


async def test_when_both_legs_fail_and_everybody_after_them_each_attempt_is_told() -> None:
    began = asyncio.Event()
    course = hedged([began, TIMED_OUT], [Telling(began, lets_go=True), TIMED_OUT], TIMED_OUT)
    with pytest.raises(AllFailed) as caught:
        await course.complete()
    assert sorted(each.model for each in caught.value.attempts) == [LARGE, MIDDLE, SMALL]
    told = {each["model"]: each["is_hedge"] for each in json.loads(course.record["attempts"])}
    assert told == {LARGE: False, MIDDLE: True, SMALL: False}


async def test_a_second_place_whose_circuit_is_open_is_not_asked_and_the_first_waited_for() -> None:
    course = hedged([*TICKS, completion()], models=(two_hosts(),), names=(LARGE,))
    for _ in range(RULES.min_attempts):
        permit = await course.runtime.circuits.enter("beta/l-2", ProviderKey(label="", secret="", id="b"))
        assert permit is not None
        course.runtime.circuits.failed(permit, DOWN)
    served = await course.complete()
    assert served.place.deployment.provider == "acme"
    assert [each.deployment for each in course.operation.attempts] == ["acme/large"]
    assert list(course.ledger.holds.values()) == [HELD[LARGE]]


# --- clients that leave


async def test_who_leaves_while_two_legs_run_closes_both_and_pays_for_both_in_one_record() -> None:
    both = asyncio.Event()
    course = hedged([forever()], [Telling(both)])
    await course.left_when(both)
    assert course.upstream.open == 0
    assert {each.model: each.was_cut for each in course.operation.attempts} == {LARGE: True, MIDDLE: True}
    assert (course.record["outcome"], len(course.ledger.settled)) == ("abandoned", 2)
    assert course.record["cost_nano"] == course.ledger.spent_nano > PROMPT


async def test_who_leaves_while_the_second_hold_is_asked_for_pays_for_the_first_alone() -> None:
    ledger = Noticing()
    course = hedged([forever()], ledger=ledger)
    await course.left_when(ledger.second)
    assert (course.tried, course.record["outcome"]) == ([LARGE], "abandoned")


# --- whatever happens


STEPS: tuple[Said, ...] = (
    DOWN, TIMED_OUT, Rejected("no", status=400), PromptTooLong("long", status=400), *[completion()] * 3, *[chunk()] * 5,
)  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
async def test_nothing_stays_open_held_or_unrecorded_after_requests_that_fail_race_and_leave_at_any_moment(
    seed: int,
) -> None:
    """F15, F19: counts that drift would only ever grow."""
    chance = random.Random(seed)
    ledger = FakeLedger()
    script: list[Said | list[Said]] = [
        [*chance.choices(STEPS, k=chance.randrange(30)), completion()] for _ in range(900)
    ]
    first = hedged(*script, ledger=ledger)
    for at in range(300):
        made = operation(met=first.operation.arrival.rankings, policy=chance.choice(["quick", None]))
        going = asyncio.ensure_future(dispatch(first.runtime, made, complete))
        for _ in range(chance.choice([5, 20, 1_000])):
            if going.done():
                break
            await asyncio.sleep(0)
        going.cancel()
        (served,) = await asyncio.gather(going, return_exceptions=True)
        if isinstance(served, Served):
            assert len(made.holds) == 1
            await settle(first.runtime, made, served, FREE)
        assert (made.holds, ledger.holds, first.upstream.open, len(ledger.records)) == ([], {}, 0, at + 1)
        assert ledger.records[-1]["cost_nano"] == made.charged_nano
    assert ledger.spent_nano == sum(each["cost_nano"] for each in ledger.records)
    assert {each["outcome"] for each in ledger.records} == {"success", "failure", "abandoned"}
    assert sum('"is_hedge":true' in each["attempts"] for each in ledger.records) > 30
