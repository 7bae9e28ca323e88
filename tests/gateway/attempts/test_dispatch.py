"""The way of an operation from attempt to attempt: what is called, held, charged and recorded on it."""

import asyncio
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from autorouter.errors import NoCandidate
from autorouter.types import Policy
from budgets.errors import LedgerUnavailable
from models_registry.types import SANDBOX, Availability, Deployment
from models_registry.upstream.errors import (
    CredentialBad,
    Overloaded,
    Rejected,
    TimedOut,
    Unreachable,
)
from routerhub.gateway.errors import AllFailed, BudgetRefused
from tests.autorouter import fakes as router_fakes
from tests.gateway.courses import DOWN, HELD, LARGE, MIDDLE, SMALL, SPEED, Course
from tests.gateway.fakes import (
    FakeLedger,
    Said,
    again,
    chunk,
    completion,
    decision,
    operation,
    rankings,
    request,
)

pytestmark = pytest.mark.anyio


def waiting() -> tuple[asyncio.Event, "Waiting"]:
    met = asyncio.Event()
    return met, Waiting(met)


class Waiting(asyncio.Event):
    """Never set; says when somebody waits for it."""

    def __init__(self, met: asyncio.Event) -> None:
        super().__init__()
        self._met = met

    async def wait(self) -> Any:
        self._met.set()
        return await super().wait()


# --- an answer


async def test_the_best_candidate_answers_and_its_hold_is_open_for_whoever_settles() -> None:
    course = Course(completion("Hi"))
    served = await course.complete()
    assert (served.answer.choices[0].text, served.candidate.model) == ("Hi", LARGE)
    assert course.asked == [(0, HELD[LARGE])]
    assert course.ledger.settled == []
    assert served.hold is course.operation.hold


async def test_what_is_sent_is_the_content_for_that_place_within_what_is_held() -> None:
    content = {"messages": [{"role": "user", "content": "Hello"}], "seed": 7}
    course = Course(completion(), asked=request(content=content, script={"reply": "x"}))
    await course.complete()
    (sent,) = course.upstream.asked
    assert (sent.provider, sent.address, sent.model) == ("acme", "https://acme.invalid/v1", "large")
    assert (sent.content, sent.max_output_tokens, sent.script) == (content, 1_000, None)
    assert (sent.connect_s, sent.idle_s, sent.total_s) == (5, 60, 60)


async def test_only_the_sandbox_is_told_what_the_sandbox_is_to_do() -> None:
    met = again(rankings(), availability=Availability(providers=frozenset(), sandbox=True))
    course = Course(completion(), asked=request(script={"reply": "x"}), met=met)
    await course.complete()
    assert (course.upstream.asked[0].provider, course.upstream.asked[0].script) == (SANDBOX, {"reply": "x"})


async def test_a_policys_temperature_goes_along() -> None:
    cool = Policy(
        name="cool", version=1, title="Cool", models=(), max_cost_usd=None, max_output_tokens=None, temperature=Decimal("0.3")
    )  # fmt: skip
    course = Course(completion(), met=rankings(router=router_fakes.router(policies=(cool,))), policy="cool")
    await course.complete()
    assert course.upstream.asked[0].default_temperature == 0.3


# --- attempts that cost nothing


async def test_a_failed_try_leaves_its_hold_to_the_next_one() -> None:
    course = Course(DOWN, completion())
    await course.complete()
    assert course.tried == [LARGE, LARGE]
    assert course.asked == [(0, HELD[LARGE])]
    assert course.runtime.clock.slept == [0.2]  # type: ignore[attr-defined]
    assert [attempt.error for attempt in course.operation.attempts] == ["Failed: out of order", ""]


async def test_the_next_model_has_a_hold_of_its_own_under_the_same_operation() -> None:
    course = Course(DOWN, DOWN, completion())
    served = await course.complete()
    assert served.candidate.model == MIDDLE
    assert course.asked == [(0, HELD[LARGE]), (1, HELD[MIDDLE])]
    assert course.settled == [(0, 0, False)], "the first is closed at nothing and without a record"


async def test_when_all_fail_there_is_one_record_with_every_attempt() -> None:
    course = Course(DOWN)
    with pytest.raises(AllFailed, match="out of order") as caught:
        await course.complete()
    assert len(caught.value.attempts) == 6, "three models, two tries each"
    assert course.settled == [(0, 0, False), (1, 0, False), (2, 0, True)]
    record = course.record
    assert (record["outcome"], record["model"], record["provider"]) == ("failure", LARGE, "acme")
    assert (record["http_status"], record["cost_nano"], record["fallback_used"]) == (502, 0, True)
    assert [each["model"] for each in json.loads(record["attempts"])] == [LARGE, LARGE, MIDDLE, MIDDLE, SMALL, SMALL]


async def test_a_rejected_request_is_sent_once() -> None:
    course = Course(Rejected("too long", status=400, code="context_length_exceeded", param="messages"))
    with pytest.raises(AllFailed, match="too long"):
        await course.complete()
    assert (course.tried, course.record["http_status"]) == ([LARGE], 400)


async def test_the_next_place_of_the_same_model_keeps_the_hold_and_gets_its_own_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """F11: nothing of the first place reaches the second."""
    monkeypatch.setenv("ACME_API_KEY", "sk-acme")
    monkeypatch.setenv("BETA_API_KEY", "sk-beta")
    model = router_fakes.model(LARGE, ("10", "30"))
    beta = Deployment(provider="beta", upstream_model="l-2", prices=model.deployments[0].prices)
    both = router_fakes.model(LARGE, deployments=(*model.deployments, beta))
    course = Course(
        CredentialBad("key revoked", status=401), completion(), operation=operation(LARGE, met=rankings(both))
    )
    before = json.dumps(course.operation.request.content)
    await course.complete()
    first, second = course.upstream.asked
    assert (first.address, first.api_key, first.model) == ("https://acme.invalid/v1", "sk-acme", "large")
    assert (second.address, second.api_key, second.model) == ("https://beta.invalid/v1", "sk-beta", "l-2")
    assert json.dumps(course.operation.request.content) == before
    assert course.asked == [(0, HELD[LARGE])]


async def test_a_protocol_that_nobody_speaks_is_a_failed_attempt_and_not_an_end() -> None:
    strange = router_fakes.model(LARGE, served_by="strange")
    met = rankings(strange, router_fakes.model(SMALL, ("0.1", "0.3")))
    providers = dict(met.catalogue.providers)
    providers["strange"] = replace(providers["strange"], protocol="google")
    met = again(met, catalogue=replace(met.catalogue, providers=providers))
    course = Course(completion(), operation=operation(LARGE, SMALL, met=met))
    assert (await course.complete()).candidate.model == SMALL
    assert course.operation.attempts[0].error == "Failed: Nobody here speaks google, the protocol of strange."


# --- attempts that cost something


async def test_a_time_out_is_charged_and_the_next_hop_held_anew() -> None:
    course = Course([10.0, TimedOut("slow")], completion(), met=rankings(tokens_per_second=SPEED))
    await course.complete()
    by_time = 100 * 10_000 + 200 * 30_000
    assert course.settled == [(0, by_time, False)]
    assert course.asked == [(0, HELD[LARGE]), (1, HELD[MIDDLE])]
    assert course.operation.charged_nano == by_time
    assert [attempt.cost_nano for attempt in course.operation.attempts] == [by_time, 0]


async def test_a_connection_lost_after_sending_is_charged_and_the_same_model_asked_with_a_new_hold() -> None:
    course = Course([2.0, Unreachable("lost")], completion(), met=rankings(tokens_per_second=SPEED))
    served = await course.complete()
    by_time = 100 * 10_000 + 40 * 30_000
    assert (course.tried, course.settled) == ([LARGE, LARGE], [(0, by_time, False)])
    assert course.asked == [(0, HELD[LARGE]), (1, HELD[LARGE])]
    assert served.hold.granted.hop == 1


async def test_the_cost_of_all_hops_stands_in_the_one_record() -> None:
    """F19"""
    course = Course([1.0, TimedOut("slow")], met=rankings(tokens_per_second=SPEED))
    with pytest.raises(AllFailed):
        await course.complete()
    costs = [100 * price + 20 * 3 * price for price in (10_000, 1_000, 100)]
    assert course.settled == [(0, costs[0], False), (1, costs[1], False), (2, costs[2], True)]
    assert (course.record["cost_nano"], course.record["is_usage_estimated"]) == (sum(costs), True)


async def test_a_lost_attempt_whose_successor_is_not_granted_goes_on_with_what_fits() -> None:
    """The hold for the second try at the same model is refused: the first one was charged."""
    ledger = FakeLedger(limit_nano=HELD[LARGE] + 1_000_000)
    course = Course([2.0, Unreachable("lost")], completion(), ledger=ledger, met=rankings(tokens_per_second=SPEED))
    served = await course.complete()
    assert served.candidate.model == MIDDLE
    assert course.asked == [(0, HELD[LARGE]), (1, HELD[LARGE]), (2, HELD[MIDDLE])]


# --- limits


async def test_a_candidate_that_a_limit_refuses_makes_room_for_a_cheaper_one() -> None:
    course = Course(completion(), ledger=FakeLedger(limit_nano=HELD[SMALL]))
    assert (await course.complete()).candidate.model == SMALL
    assert course.asked == [(0, HELD[LARGE]), (1, HELD[SMALL])], "what cannot fit is not even asked for"


async def test_what_fits_nowhere_is_refused_with_the_first_refusal_and_recorded() -> None:
    course = Course(completion(), ledger=FakeLedger(limit_nano=1_000))
    with pytest.raises(BudgetRefused) as caught:
        await course.complete()
    assert (caught.value.refused.asked, caught.value.refused.label) == (HELD[LARGE], "account acme")
    assert course.upstream.asked == []
    record = course.record
    assert (record["outcome"], record["http_status"], record["cost_nano"], record["model"]) == (
        "refused",
        429,
        0,
        LARGE,
    )


async def test_a_failure_is_told_rather_than_the_refusal_that_came_after_it() -> None:
    """Where no speed was measured the whole hold is charged, and the limit is used up."""
    course = Course([1.0, TimedOut("slow")], ledger=FakeLedger(limit_nano=HELD[LARGE]))
    with pytest.raises(AllFailed, match="slow"):
        await course.complete()
    assert (course.tried, course.record["cost_nano"]) == ([LARGE], HELD[LARGE])


async def test_nothing_within_the_limit_for_one_request_is_no_candidate_and_asks_for_no_hold() -> None:
    limit: Any = {"max_cost_usd": Decimal("0.000001")}
    course = Course(completion(), operation=operation(LARGE, everything=decision(LARGE, SMALL, **limit), **limit))
    with pytest.raises(NoCandidate) as caught:
        await course.complete()
    assert [out.model for out in caught.value.decision.excluded] == [LARGE, SMALL]
    assert course.ledger.asked == []
    assert (course.record["outcome"], course.record["http_status"]) == ("refused", 422)


async def test_without_the_ledger_nothing_is_called_and_nothing_recorded() -> None:
    course = Course(completion(), ledger=FakeLedger(is_away=True))
    with pytest.raises(LedgerUnavailable):
        await course.complete()
    assert (course.upstream.asked, course.ledger.records) == ([], [])


async def test_a_ledger_that_goes_away_between_two_hops_ends_the_request_with_a_record() -> None:
    class Leaving(FakeLedger):
        async def settle(self, settlement: Any) -> None:
            await super().settle(settlement)
            self.is_away = True

    course = Course(DOWN, ledger=Leaving())
    with pytest.raises(LedgerUnavailable):
        await course.complete()
    assert (course.record["http_status"], course.tried) == (503, [LARGE, LARGE])


# --- time


async def test_the_deadline_is_that_of_the_operation_over_all_attempts() -> None:
    course = Course([8.0, DOWN], operation=operation(asked=request(stream=True), seconds=10))
    with pytest.raises(AllFailed):
        await course.stream()
    assert course.tried == [LARGE, LARGE], "the third attempt would have begun after the end"
    assert [sent.total_s for sent in course.upstream.asked] == pytest.approx([10, 1.8])


async def test_a_whole_answer_is_waited_for_as_long_as_its_model_writes_its_longest_one() -> None:
    course = Course(completion(), met=rankings(tokens_per_second={LARGE: 10.0}))
    await course.complete()
    assert course.upstream.asked[0].total_s == 100


async def test_a_request_whose_time_was_over_before_it_could_be_sent_costs_nothing() -> None:
    course = Course(completion(), operation=operation(seconds=0))
    with pytest.raises(AllFailed, match="time for this request is over"):
        await course.complete()
    assert (course.upstream.asked, course.settled, course.record["http_status"]) == ([], [(0, 0, True)], 504)


# --- the client leaves


async def test_who_leaves_while_the_upstream_works_pays_for_the_time_that_passed() -> None:
    met, forever = waiting()
    course = Course([5.0, forever], met=rankings(tokens_per_second=SPEED))
    await course.left_when(met)
    cost = 100 * 10_000 + 100 * 30_000
    assert course.settled == [(0, cost, True)]
    record = course.record
    assert (record["outcome"], record["cost_nano"], record["http_status"]) == ("abandoned", cost, None)
    assert (record["output_tokens"], record["is_usage_estimated"]) == (100, True)
    (attempt,) = json.loads(record["attempts"])
    assert attempt["error"] == "Cut: The client left before the answer."
    assert course.upstream.open == 0


async def test_where_no_speed_was_measured_the_whole_hold_is_charged() -> None:
    met, forever = waiting()
    course = Course([5.0, forever])
    await course.left_when(met)
    assert course.settled == [(0, HELD[LARGE], True)]


async def test_who_leaves_in_a_pause_pays_nothing() -> None:
    course = Course(Overloaded("busy", status=429, retry_after_s=1))
    met, forever = waiting()
    course.runtime.clock.sleep = lambda _: forever.wait()  # type: ignore[assignment]
    await course.left_when(met)
    assert (course.settled, course.record["outcome"]) == ([(0, 0, True)], "abandoned")
    assert len(course.upstream.asked) == 1, "and nothing is tried for nobody"


async def test_who_leaves_in_the_pause_after_a_lost_connection_has_paid_for_that_alone() -> None:
    course = Course([2.0, Unreachable("lost")], met=rankings(tokens_per_second=SPEED))
    met, forever = waiting()
    course.runtime.clock.sleep = lambda _: forever.wait()  # type: ignore[assignment]
    await course.left_when(met)
    cost = 100 * 10_000 + 40 * 30_000
    assert course.settled == [(0, cost, False)]
    assert (course.record["outcome"], course.record["cost_nano"]) == ("abandoned", cost)


async def test_who_leaves_while_the_ledger_is_asked_is_recorded_and_holds_nothing() -> None:
    met, forever = waiting()

    class Slow(FakeLedger):
        async def reserve(self, spend: Any) -> Any:
            await forever.wait()

    course = Course(completion(), ledger=Slow())
    await course.left_when(met)
    assert (course.record["outcome"], course.record["cost_nano"]) == ("abandoned", 0)


async def test_a_mistake_of_our_own_leaves_no_hold_behind() -> None:
    course = Course([5.0, ZeroDivisionError()], met=rankings(tokens_per_second=SPEED))
    with pytest.raises(ZeroDivisionError):
        await course.complete()
    assert course.settled == [(0, 100 * 10_000 + 100 * 30_000, True)], "the upstream may bill it all the same"
    assert (course.record["outcome"], course.record["http_status"]) == ("failure", 500)


# --- streams


async def test_a_stream_is_served_from_its_first_content_on() -> None:
    course = Course(
        [chunk(role="assistant", text=""), chunk("Hel"), chunk("lo"), chunk(finish="stop")], asked=request(stream=True)
    )
    served = await course.stream()
    assert [piece.has_content for piece in served.answer.early] == [False, True]
    rest = [piece.choices[0].text async for piece in served.answer.rest]
    assert rest == ["lo", ""]


async def test_before_the_first_content_a_broken_stream_is_tried_elsewhere() -> None:
    """A8: pings and roles are no content. What was sent is charged all the same."""
    dead: list[Said] = [chunk(role="assistant", text=""), chunk(), Unreachable("broke")]
    course = Course(dead, dead, [chunk("Hi")], asked=request(stream=True))
    served = await course.stream()
    assert served.candidate.model == MIDDLE
    assert course.settled == [(0, 100 * 10_000, False), (1, 100 * 10_000, False)], "two prompts, and nothing seen"


async def test_a_stream_that_never_brings_anything_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("routerhub.gateway.attempts.failover.PATIENCE_S", 0.05)
    _, forever = waiting()
    course = Course([chunk(role="assistant", text=""), forever], [chunk("Hi")], asked=request(stream=True))
    assert (await course.stream()).candidate.model == MIDDLE
    assert course.operation.attempts[0].error == "TimedOut: It did not begin to answer in time."
    assert course.upstream.open == 1, "the silent one is closed, the other one is open"


async def test_a_stream_of_empty_chunks_is_left_too() -> None:
    course = Course([chunk(role="assistant", text="")] * 200, [chunk("Hi")], asked=request(stream=True))
    await course.stream()
    assert course.operation.attempts[0].error == "Failed: Its stream brings chunks without content."
    assert course.upstream.open == 1, "it is closed, the other one is open"


async def test_a_stream_that_ends_before_it_begins_is_left_too() -> None:
    course = Course([chunk()], [chunk("Hi")], asked=request(stream=True))
    await course.stream()
    assert course.operation.attempts[0].error == "Unreachable: The stream ended before it began."
