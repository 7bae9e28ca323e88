"""What comes of a request that was decided for: how long the answer takes, whether a place fails and the next one answers, and
what it costs by the prices of that day. Pure: randomness is an argument."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import orjson

from analytics.types import AnswerFacts
from autorouter.errors import NoCandidate
from autorouter.types import Decision, Task
from budgets.types import to_nano
from experiments.demo.traffic import Ask
from models_registry.prices import pricing
from models_registry.types import Attempt, Catalogue, Deployment, Model, Usage

TOKENS_PER_S = {"instant": 420.0, "fast": 145.0, "standard": 72.0, "slow": 38.0}
FIRST_MS = {"instant": 160.0, "fast": 260.0, "standard": 520.0, "slow": 900.0}
FAILS, INCIDENT_FAILS, GIVES_UP, LEAVES, REFUSED = 0.021, 0.5, 0.25, 0.009, 0.012
INCIDENT_DAYS_AGO, INCIDENT_HOURS = 9, (12, 15)
CACHED = 0.3
"""Of a conversation's prompt what its provider kept from the turn before."""
TROUBLES = (
    ("Overloaded", 529, "The upstream is overloaded."), ("TimedOut", None, "Nothing came within 30 s."),
    ("Failed", 500, "The upstream failed."), ("Unreachable", None, "The connection was refused."),
)  # fmt: skip
REFUSAL = "The limit of the account is used up."


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """The second half of the record, and what the ledger keeps beside it."""

    facts: AnswerFacts
    deployment: Deployment | None
    """None where nothing was called."""
    priced_from: datetime | None
    usage: Usage


def incident(until: datetime) -> tuple[datetime, datetime]:
    """When a provider was in trouble."""
    day = (until - timedelta(days=INCIDENT_DAYS_AGO)).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(hours=INCIDENT_HOURS[0]), day + timedelta(hours=INCIDENT_HOURS[1])


def answer(
    ask: Ask, decision: Decision, catalogue: Catalogue, troubled: bool, troubled_provider: str, random: Random
) -> Answered:
    """`troubled`: whether the provider of the incident is in trouble at that moment."""
    if not decision.candidates:
        return _refused(422, "no_candidate", str(NoCandidate(decision)), random)
    if random.random() < REFUSED:
        return _refused(429, "insufficient_quota", REFUSAL, random)
    attempts: list[Attempt] = []
    for candidate in decision.candidates[:3]:
        model = catalogue.models[candidate.model]
        place = model.deployments[0]
        is_troubled = troubled and place.provider == troubled_provider
        if random.random() >= (INCIDENT_FAILS if is_troubled else FAILS):
            return _answered(ask, decision.task, model, place, attempts, is_troubled, random)
        attempts.append(_failed(ask.at, attempts, model, place, random))
        if random.random() < GIVES_UP:
            break
    return _all_failed(attempts)


def _answered(
    ask: Ask, task: Task, model: Model, place: Deployment, attempts: Sequence[Attempt], is_troubled: bool, random: Random
) -> Answered:  # fmt: skip
    usage = _usage(ask, task, model, random)
    price = pricing.price_at(place.prices, ask.at)
    cost_nano = to_nano(pricing.cost(price, usage))
    slow = random.lognormvariate(0, 0.3) * (2.6 if is_troubled else 1)
    first_ms = round((FIRST_MS[model.speed_tier] + usage.input_tokens / 40) * slow)
    whole_ms = round(first_ms + 1_000 * usage.output_tokens / TOKENS_PER_S[model.speed_tier] * slow)
    before_ms = sum(each.latency_ms for each in attempts)
    has_left = ask.work.is_stream and random.random() < LEAVES
    last = Attempt(
        deployment=place.id, model=model.id, provider=place.provider, started_at=ask.at + timedelta(milliseconds=before_ms),
        latency_ms=whole_ms, ttft_ms=first_ms if ask.work.is_stream else None, status=200,
    )  # fmt: skip
    facts = AnswerFacts(
        model=model.id, provider=place.provider, outcome="abandoned" if has_left else "success",
        error="The client left." if has_left else "", http_status=None if has_left else 200, latency_ms=before_ms + whole_ms,
        ttft_ms=before_ms + first_ms if ask.work.is_stream else None, input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens, cache_read_tokens=usage.cache_read_tokens, cache_write_tokens=0,
        reasoning_tokens=usage.reasoning_tokens, is_usage_estimated=has_left, cost_nano=cost_nano,
        fallback_used=bool(attempts), attempts=_json([*attempts, last]), cost_basis="estimated" if has_left else "priced",
        deployment=place.id, error_kind="client_left" if has_left else "",
    )  # fmt: skip
    return Answered(facts=facts, deployment=place, priced_from=price.effective_from, usage=usage)


def _usage(ask: Ask, task: Task, model: Model, random: Random) -> Usage:
    inputs = task.input_tokens
    thinks = model.supports_reasoning and task.complexity == "complex"
    thought = round(ask.answer_tokens * random.uniform(0.6, 1.8)) if thinks else 0
    outputs = min(ask.answer_tokens + thought, model.max_output)
    is_going_on = bool(ask.session) and ask.context_tokens > ask.work.context_tokens
    return Usage(
        input_tokens=inputs, output_tokens=outputs, cache_read_tokens=round(inputs * CACHED) if is_going_on else 0,
        reasoning_tokens=min(thought, outputs),
    )  # fmt: skip


def _failed(at: datetime, before: Sequence[Attempt], model: Model, place: Deployment, random: Random) -> Attempt:
    kind, status, words = random.choice(TROUBLES)
    took_ms = 30_000 if kind == "TimedOut" else round(random.lognormvariate(6.3, 0.7))
    started = at + timedelta(milliseconds=sum(each.latency_ms for each in before))
    return Attempt(
        deployment=place.id, model=model.id, provider=place.provider, started_at=started, latency_ms=took_ms, status=status,
        error=f"{kind}: {words}",
    )  # fmt: skip


def _all_failed(attempts: Sequence[Attempt]) -> Answered:
    last = attempts[-1]
    facts = AnswerFacts(
        model=last.model, provider=last.provider, outcome="failure", error=last.error.partition(": ")[2], http_status=502,
        latency_ms=sum(each.latency_ms for each in attempts), ttft_ms=None, input_tokens=0, output_tokens=0,
        cache_read_tokens=0, cache_write_tokens=0, reasoning_tokens=0, is_usage_estimated=False, cost_nano=0,
        fallback_used=len(attempts) > 1, attempts=_json(attempts), deployment=last.deployment,
        error_kind=last.error.partition(":")[0],
    )  # fmt: skip
    return Answered(facts=facts, deployment=None, priced_from=None, usage=Usage(input_tokens=0, output_tokens=0))


def _refused(status: int, kind: str, words: str, random: Random) -> Answered:
    facts = AnswerFacts(
        model="", provider="", outcome="refused", error=words, http_status=status, latency_ms=round(random.uniform(1, 6)),
        ttft_ms=None, input_tokens=0, output_tokens=0, cache_read_tokens=0, cache_write_tokens=0, reasoning_tokens=0,
        is_usage_estimated=False, cost_nano=0, fallback_used=False, attempts="[]", error_kind=kind,
    )  # fmt: skip
    return Answered(facts=facts, deployment=None, priced_from=None, usage=Usage(input_tokens=0, output_tokens=0))


def _json(attempts: Sequence[Attempt]) -> str:
    return orjson.dumps(attempts).decode()
