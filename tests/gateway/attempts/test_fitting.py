"""Fit before refusing: what is held, waited for, shortened and told where a limit is short of room."""

import asyncio
import uuid
from dataclasses import replace
from typing import Any

import pytest

from analytics.measuring.lengths import ALL, Length, Lengths
from budgets.types import Refused, Spend
from models_registry.upstream.errors import TimedOut
from routerhub.gateway.errors import AllFailed, BudgetRefused
from routerhub.gateway.observation import metrics
from tests.gateway.courses import HELD, LARGE, MIDDLE, SMALL, Course
from tests.gateway.exchange import CHAT, Exchange
from tests.gateway.fakes import NOW, FakeLedger, completion, operation, request

pytestmark = pytest.mark.anyio
INPUT, TOKEN = 1_000_000, 30_000
"""What the prompt and a token of the answer cost the large model at most."""
MEDIAN, HIGH = 200, 600
LENGTHS = Lengths(by_cell={(LARGE, ALL, ALL): Length(median=MEDIAN, high=HIGH)}, answer_ms={LARGE: 1, ALL: 1})
"""Whoever waits by these is not patient for long."""
PATIENT = replace(LENGTHS, answer_ms={LARGE: 10_000})


def held(tokens: int) -> int:
    """For an answer of so many tokens by the large model."""
    return INPUT + tokens * TOKEN


class Shared(FakeLedger):
    """A limit in which others hold something already."""

    def __init__(self, limit_nano: int, *others: int) -> None:
        super().__init__(limit_nano=limit_nano)
        self.others = [(uuid.uuid4(), 0) for _ in others]
        self.holds.update(zip(self.others, others, strict=True))

    def settle_other(self, cost_nano: int = 0) -> None:
        del self.holds[self.others.pop()]
        self.spent_nano += cost_nano
        self.room.freed(["account:7"])

    async def asked_by(self, count: int) -> None:
        while len(self.asked) < count:  # noqa: ASYNC110 - a fake has no event
            await asyncio.sleep(0)
        for _ in range(5):
            await asyncio.sleep(0)


def course(ledger: FakeLedger, *models: str, lengths: Lengths = LENGTHS, **made: Any) -> Course:
    asked = operation(*(models or (LARGE,)), lengths=lengths, **made)
    course = Course(completion(usage=(10, 20)), ledger=ledger, operation=asked)
    course.runtime.limits = replace(course.runtime.limits, room_wait_answers=0.2)
    return course


def sent(made: Course) -> list[int]:
    return [each.max_output_tokens for each in made.upstream.asked]


async def test_where_there_is_room_the_worst_case_is_held_by_one_question() -> None:
    made = course(FakeLedger(limit_nano=HELD[LARGE]))
    served = await made.complete()
    assert (made.asked, sent(made)) == ([(0, HELD[LARGE])], [1_000])
    assert served.hold.plan.full_output is None


async def test_what_does_not_fit_is_held_for_and_capped_at_what_hardly_an_answer_is_longer_than() -> None:
    """A longest answer that the caller named is capped, too."""
    made = course(FakeLedger(limit_nano=HELD[LARGE] - 1))
    served = await made.complete()
    assert made.asked == [(0, HELD[LARGE]), (1, held(HIGH))]
    assert sent(made) == [HIGH]
    assert (served.hold.plan.full_output, served.hold.plan.max_chars) == (1_000, HIGH * 16 + 1_000)


async def test_what_does_not_fit_then_waits_for_holds_to_be_settled_and_is_told() -> None:
    ledger = Shared(held(1_000), held(500))
    made = course(ledger, lengths=PATIENT)
    going = asyncio.ensure_future(made.complete())
    await ledger.asked_by(2)
    assert (going.done(), metrics.WAITING.value) == (False, 1)
    made.runtime.clock.seconds += 4  # type: ignore[attr-defined]
    ledger.settle_other(held(100))
    served = await going
    assert (served.hold.granted.amount_nano, made.operation.waited_s) == (held(HIGH), 4)
    assert (ledger.room.is_quiet, metrics.WAITING.value) == (True, 0)
    assert [each.hop for each in ledger.asked] == [0, 1, 1], "a name that was refused is free"


async def test_who_waits_is_served_in_order_and_nobody_small_passes_somebody_large() -> None:
    ledger = Shared(held(1_000), held(900))
    large, small = (course(ledger, lengths=PATIENT, asked=request(max_output_tokens=most)) for most in (600, 16))
    going = [asyncio.ensure_future(large.complete())]
    await ledger.asked_by(2)
    going.append(asyncio.ensure_future(small.complete()))
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(ledger.asked) == 2, "the small one does not even ask, though there is room for it"
    ledger.settle_other()
    await asyncio.gather(*going)
    assert [spend.amount_nano for spend in ledger.asked[2:]] == [held(600), held(16)]


async def test_who_leaves_leaves_the_queue() -> None:
    ledger = Shared(held(1_000), held(900))
    first, second = course(ledger, lengths=PATIENT), course(ledger, lengths=PATIENT)
    leaving = asyncio.ensure_future(first.complete())
    await ledger.asked_by(2)
    going = asyncio.ensure_future(second.complete())
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    ledger.settle_other()
    assert (await going).candidate.model == LARGE
    assert ([record["outcome"] for record in ledger.records], ledger.room.is_quiet) == (["abandoned"], True)


async def test_whose_patience_is_over_takes_a_cheaper_candidate() -> None:
    made = course(Shared(held(1_000), held(890)), LARGE, MIDDLE)
    assert (await made.complete()).candidate.model == MIDDLE
    assert sent(made) == [1_000], "one that fits is not shortened"


async def test_having_waited_half_of_its_patience_it_makes_do_with_what_most_answers_need() -> None:
    ledger = Shared(held(1_000), *([held(0)] * 20))
    ledger.holds[ledger.others[0]] = held(1_000 - 2 * MEDIAN) - 20 * INPUT
    made = course(ledger, lengths=PATIENT)
    going = asyncio.ensure_future(made.complete())
    await ledger.asked_by(2)
    made.runtime.clock.seconds += 0.9  # type: ignore[attr-defined]
    ledger.room.freed(["account:7"])
    await ledger.asked_by(3)
    assert not going.done()
    made.runtime.clock.seconds += 0.2  # type: ignore[attr-defined]
    ledger.room.freed(["account:7"])
    await going
    assert sent(made) == [2 * MEDIAN]


async def test_without_a_cheaper_one_the_answer_is_shortened_to_what_there_is_room_for() -> None:
    made = course(Shared(held(1_000) + INPUT, held(1_000 - 250)))
    assert (await made.complete()).hold.granted.amount_nano == held(250)
    assert sent(made) == [250]


async def test_what_will_never_fit_whole_is_shortened_as_soon_as_all_that_is_held_is_settled() -> None:
    ledger = Shared(held(400), held(300))
    made = course(ledger, lengths=PATIENT)
    going = asyncio.ensure_future(made.complete())
    await ledger.asked_by(2)
    ledger.settle_other(30_000)
    await going
    assert sent(made) == [399]


async def test_it_is_never_shortened_below_the_median_but_refused_with_all_figures() -> None:
    made = course(FakeLedger(limit_nano=held(MEDIAN) - 1))
    with pytest.raises(BudgetRefused) as caught:
        await made.complete()
    refused = caught.value.refused
    assert (refused.limit, refused.spent, refused.reserved, refused.asked) == (held(MEDIAN) - 1, 0, 0, HELD[LARGE])
    assert (made.upstream.asked, made.record["outcome"]) == ([], "refused")
    enough = course(FakeLedger(limit_nano=held(MEDIAN)))
    await enough.complete()
    assert sent(enough) == [MEDIAN]


async def test_a_short_answer_that_was_asked_for_is_as_good_as_a_median_one() -> None:
    made = course(FakeLedger(limit_nano=held(50)), asked=request(max_output_tokens=50))
    await made.complete()
    assert sent(made) == [50]


async def test_a_model_that_was_never_measured_is_fitted_by_an_estimate() -> None:
    """So that the first requests on a small limit get in."""
    asked = request(max_output_tokens=None)
    made = course(FakeLedger(limit_nano=held(1_500)), lengths=Lengths(), asked=asked)
    await made.complete()
    assert made.asked == [(0, held(4_000)), (1, held(1_500))]


@pytest.mark.parametrize(("measure", "period"), [("requests", "minute"), ("tokens", "minute"), ("requests", "day")])
async def test_rates_and_requests_are_told_at_once(measure: Any, period: Any) -> None:
    class Rated(FakeLedger):
        async def reserve(self, spend: Spend) -> Any:
            self.asked.append(spend)
            return Refused(operation_id=spend.operation_id, hop=spend.hop, limit_id=1, label="key 3", measure=measure, limit=9,
                           period=period, spent=1, reserved=8, asked=1, resets_at=NOW, retry_after_s=9)  # fmt: skip

    made = course(Rated(), LARGE, SMALL, lengths=PATIENT)
    with pytest.raises(BudgetRefused):
        await made.complete()
    assert (len(made.ledger.asked), made.operation.waited_s) == (1, 0)


async def test_a_limit_of_tokens_is_fitted_likewise() -> None:
    class Tokens(FakeLedger):
        async def reserve(self, spend: Spend) -> Any:
            answer = await super().reserve(replace(spend, amount_nano=spend.tokens))
            return replace(answer, measure="tokens") if isinstance(answer, Refused) else answer

    made = course(Tokens(limit_nano=100 + 250))
    await made.complete()
    assert sent(made) == [250]


async def test_a_limit_of_one_model_keeps_no_other_out() -> None:
    class OfTheLarge(FakeLedger):
        async def reserve(self, spend: Spend) -> Any:
            self.limit_nano = 0 if f"model:{LARGE}" in spend.scopes else None
            return await super().reserve(spend)

    ledger = OfTheLarge()
    ledger.room.limits_of = lambda scopes: [1] if f"model:{LARGE}" in scopes else []
    made = course(ledger, LARGE, MIDDLE)
    assert (await made.complete()).candidate.model == MIDDLE


async def test_nobody_waits_where_no_time_would_be_left_for_an_answer() -> None:
    made = course(Shared(held(1_000), held(900)), LARGE, lengths=PATIENT, seconds=9)
    with pytest.raises(BudgetRefused):
        await made.complete()
    assert made.operation.waited_s == 0


async def test_a_line_of_a_batch_waits_as_long_as_its_deadline_allows() -> None:
    ledger = Shared(held(1_000), held(900))
    made = course(ledger, lengths=LENGTHS)
    made.operation.is_awaited = False
    going = asyncio.ensure_future(made.complete())
    await asyncio.sleep(0.02)
    ledger.settle_other()
    await going
    assert sent(made) == [HIGH]


async def test_another_try_after_one_that_was_charged_does_not_wait_again() -> None:
    made = course(Shared(held(1_000), INPUT), LARGE)
    made.upstream.script = [[2.0, TimedOut("slow")]]
    with pytest.raises(AllFailed):
        await made.complete()
    assert made.ledger.room.is_quiet


@pytest.mark.parametrize(
    ("path", "named", "ends"),
    [
        (CHAT, {"max_tokens": 4_000}, b'"finish_reason":"length"'),
        ("/v1/responses", {}, b'"reason":"max_output_tokens"'),
        ("/v1/messages", {"max_tokens": 4_000}, b'"stop_reason":"max_tokens"'),
    ],
)
async def test_a_capped_answer_says_so_in_a_header_and_by_its_end(path: str, named: Any, ends: bytes) -> None:
    cut = {"index": 0, "message": {"role": "assistant", "content": "Hel"}, "finish_reason": "length"}
    exchange = Exchange(completion(choices=[cut]))
    exchange.ledger.limit_nano = 40_000_000
    exchange.gateway.runtime.snapshots.lengths = LENGTHS  # type: ignore[attr-defined]
    hello = {"messages": [{"role": "user", "content": "Hello"}]} if path != "/v1/responses" else {"input": "Hello"}
    await exchange.ask({"model": LARGE, **hello, **named}, path)
    assert (exchange.status, exchange.headers[b"x-routerhub-max-output-tokens"]) == (200, b"600")
    assert exchange.upstream.asked[0].max_output_tokens == 600
    assert ends in exchange.body
    assert b'"max_output_tokens":600' in exchange.body
