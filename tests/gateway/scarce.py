"""Many requests under way on one small limit: the whole pipeline, the real ledger, and an upstream whose answers take their time.

Each of the workers asks again as soon as it is answered, until it is refused. Lengths are log-normal.
"""

import asyncio
import math
import random
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import orjson

from analytics.measuring.lengths import ALL, UNMEASURED, Length, Lengths
from budgets.ledger import Ledger
from models_registry.upstream.base import Completion, UpstreamRequest
from routerhub.gateway import pipeline
from routerhub.gateway.clock import Clock
from routerhub.gateway.errors import BudgetRefused
from routerhub.gateway.protocols.base import Client
from routerhub.gateway.protocols.openai_chat import PROTOCOL
from routerhub.gateway.runtime import Runtime
from tests.autorouter import fakes as router_fakes
from tests.gateway.fakes import KEY, FakeUpstream, completion, rankings, runtime

MODELS = MODEL, *_ = "acme:large", "acme:middle", "acme:small"
"""At one price, so that no cheaper one helps."""
MEAN, SIGMA = 300, 0.8
"""Tokens."""
MEDIAN = MEAN / math.exp(SIGMA**2 / 2)
INPUT_NANO, OUTPUT_NANO = 10_000, 30_000
"""A token."""
PROMPT = 10
MEAN_NANO = PROMPT * INPUT_NANO + MEAN * OUTPUT_NANO


def measured(answer_s: float) -> Lengths:
    """What analytics.measuring.facts finds of so many answers: the medians, and 1.1 times the 98th percentile."""
    high = MEDIAN * math.exp(SIGMA * NormalDist().inv_cdf(0.98))
    length = Length(median=round(MEDIAN), high=round(1.1 * high))
    answer_ms = round(took_s(answer_s, MEDIAN) * 1_000)
    return Lengths(
        by_cell={(each, ALL, ALL): length for each in MODELS}, answer_ms={each: answer_ms for each in MODELS}
    )


def took_s(answer_s: float, length: float) -> float:
    """A tenth of the mean time, and the rest by the length."""
    return answer_s * (0.1 + 0.9 * length / MEAN)


class Slow(FakeUpstream):
    """An upstream whose answers take their time, and keep to the longest one that was allowed."""

    def __init__(self, answer_s: float, seed: int) -> None:
        super().__init__()
        self.clock = Clock()  # type: ignore[assignment]
        self.answers = self.cut = 0
        self._answer_s, self._random = answer_s, random.Random(seed)

    async def complete(self, request: UpstreamRequest) -> Completion:
        wanted = round(MEDIAN * math.exp(self._random.gauss(0, SIGMA)))
        length = min(wanted, request.max_output_tokens)
        await asyncio.sleep(took_s(self._answer_s, length))
        self.answers, self.cut = self.answers + 1, self.cut + (length < wanted)
        finish = "length" if length < wanted else "stop"
        choice = {"index": 0, "message": {"role": "assistant", "content": "Hello!"}, "finish_reason": finish}
        return completion(usage=(PROMPT, length), choices=[choice])


def _client() -> Client:
    return Client(ip="127.0.0.1", user_agent="tests")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a limit."""

    first_refusal: float
    """The share of the limit that was really spent then."""
    spent: float
    """The share that was spent in the end."""
    overshoot_nano: int
    answers: int
    cut: int
    """So many ended at what they were capped at."""
    waited: int
    """Answers that waited for room."""
    seconds: float

    @property
    def cut_share(self) -> float:
        return self.cut / self.answers if self.answers else 0.0


async def until_refused(
    ledger: Ledger,
    limit_nano: int,
    answer_s: float,
    *,
    workers: int = 64,
    lengths: Lengths = UNMEASURED,
    seed: int = 1,
    model: str = MODEL,
    **limits: Any,
) -> Outcome:
    """All workers on a limit of the account, until each of them was refused."""
    upstream = Slow(answer_s, seed)
    alike = rankings(*(router_fakes.model(each, ("10", "30")) for each in MODELS))
    made: Runtime = runtime(upstream, ledger, met=alike, **limits)
    made.snapshots.lengths = lengths  # type: ignore[attr-defined]
    refusals: list[BudgetRefused] = []
    waited = 0

    async def work() -> None:
        nonlocal waited
        body = orjson.dumps({"model": model, "messages": [{"role": "user", "content": "Hello"}]})
        while True:
            try:
                reply = await pipeline.serve(made, PROTOCOL, {"authorization": f"Bearer {KEY}"}, body, _client())
            except BudgetRefused as refusal:
                refusals.append(refusal)
                return
            waited += b"x-routerhub-waited-ms" in dict(reply.headers)

    began = made.clock.monotonic()
    await asyncio.gather(*(work() for _ in range(workers)))
    spent = max(each.refused.spent + each.refused.reserved for each in refusals)
    return Outcome(
        first_refusal=refusals[0].refused.spent / limit_nano,
        spent=refusals[-1].refused.spent / limit_nano,
        overshoot_nano=max(0, spent - limit_nano),
        answers=upstream.answers,
        cut=upstream.cut,
        waited=waited,
        seconds=made.clock.monotonic() - began,
    )
