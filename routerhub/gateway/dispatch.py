"""Calling a model's deployments in order until one answers. A plain loop that keeps every attempt."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import aiohttp

from models_registry import availability
from models_registry.types import SANDBOX, Attempt, Deployment, Provider
from models_registry.upstream import openai
from models_registry.upstream.errors import TimedOut, Unreachable, UpstreamError
from routerhub.gateway.errors import AllFailed

TRIES_PER_DEPLOYMENT = 2
RETRY_PAUSE_S = 0.2
MAX_PAUSE_S = 2.0
"""A deployment that asks for a longer pause is left for the next one."""
IDLE_TIMEOUT_S = 60
OUTPUT_LIMIT = "max_completion_tokens"
NEW_OUTPUT_LIMIT = frozenset({"openai", SANDBOX})
"""Providers that want the limit under OpenAI's newer name; the others know `max_tokens`."""
Answer = TypeVar("Answer")


@dataclass(kw_only=True)
class Trail:
    """The attempts of one request so far, and when it must be over (monotonic seconds)."""

    deadline: float
    attempts: list[Attempt] = field(default_factory=list)

    def left_s(self) -> float:
        return self.deadline - time.monotonic()


@dataclass(frozen=True, kw_only=True, slots=True)
class Errand:
    """One model to be called: where, with what, and the trail that the attempts are added to."""

    model: str
    deployments: Sequence[Deployment]
    providers: Mapping[str, Provider]
    payload: Mapping[str, Any]
    trail: Trail


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """A whole answer and the deployment that gave it."""

    deployment: Deployment
    body: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenStream:
    """A stream whose first chunk has come; nothing can be tried elsewhere from here on."""

    deployment: Deployment
    first: dict[str, Any]
    rest: AsyncIterator[dict[str, Any]]
    ttft_ms: int


class Dispatcher:
    """Knows where deployments are and how to call them."""

    def __init__(self, session: aiohttp.ClientSession, sandbox: Provider) -> None:
        self._session = session
        self._sandbox = sandbox

    async def complete(self, errand: Errand) -> Served:
        """The whole answer of the first deployment that gives one. Raises AllFailed."""

        async def once(deployment: Deployment) -> Served:
            body = await openai.complete(self._session, self._call(deployment, errand))
            return Served(deployment=deployment, body=body)

        return await _first(errand, once)

    async def open_stream(self, errand: Errand) -> OpenStream:
        """The stream of the first deployment that begins one. Raises AllFailed."""

        async def once(deployment: Deployment) -> OpenStream:
            began = time.monotonic()
            chunks = openai.stream(self._session, self._call(deployment, errand))
            try:
                first = await anext(chunks)
            except StopAsyncIteration:
                raise Unreachable("The stream ended before it began.") from None
            return OpenStream(deployment=deployment, first=first, rest=chunks, ttft_ms=_since(began))

        return await _first(errand, once)

    def _call(self, deployment: Deployment, errand: Errand) -> openai.Call:
        provider = self._sandbox if deployment.provider == SANDBOX else errand.providers[deployment.provider]
        left = errand.trail.left_s()
        if left <= 0:
            raise TimedOut("The time for this request is over.")
        return openai.Call(
            url=availability.base_url(provider),
            api_key=availability.api_key(provider),
            payload=_addressed(errand.payload, deployment),
            timeout_s=left,
            idle_timeout_s=min(left, IDLE_TIMEOUT_S),
        )


def _addressed(payload: Mapping[str, Any], deployment: Deployment) -> dict[str, Any]:
    """The payload for one deployment: the model's and the output limit's names there, no `sandbox` field elsewhere."""
    kept = {name: value for name, value in payload.items() if name != "sandbox" or deployment.provider == SANDBOX}
    limit = kept.pop(OUTPUT_LIMIT)
    name = OUTPUT_LIMIT if deployment.provider in NEW_OUTPUT_LIMIT else "max_tokens"
    return {**kept, "model": deployment.upstream_model, name: limit}


async def _first(errand: Errand, once: Callable[[Deployment], Awaitable[Answer]]) -> Answer:
    model, trail = errand.model, errand.trail
    last: UpstreamError = Unreachable(f"{model} has no deployment that can be called.")
    for deployment in errand.deployments:
        for attempt in range(1, TRIES_PER_DEPLOYMENT + 1):
            began, started_at = time.monotonic(), datetime.now(UTC)
            try:
                answer = await once(deployment)
            except UpstreamError as problem:
                last = problem
                trail.attempts.append(_attempt(model, deployment, started_at, began, problem))
                if not problem.may_retry:
                    raise AllFailed(problem, tuple(trail.attempts)) from problem
                pause = _pause_s(problem, attempt, trail)
                if pause is None:
                    break
                await asyncio.sleep(pause)
            else:
                trail.attempts.append(_attempt(model, deployment, started_at, began, None))
                return answer
    raise AllFailed(last, tuple(trail.attempts)) from last


def _pause_s(problem: UpstreamError, attempt: int, trail: Trail) -> float | None:
    """How long to wait before the same deployment is tried again; None: go on to the next one."""
    pause = problem.retry_after_s if problem.retry_after_s is not None else RETRY_PAUSE_S * 2 ** (attempt - 1)
    if attempt >= TRIES_PER_DEPLOYMENT or isinstance(problem, TimedOut) or pause > MAX_PAUSE_S:
        return None
    return pause if pause < trail.left_s() else None


def _attempt(
    model: str, deployment: Deployment, started_at: datetime, began: float, problem: UpstreamError | None
) -> Attempt:
    return Attempt(
        deployment=deployment.id,
        model=model,
        provider=deployment.provider,
        started_at=started_at,
        latency_ms=_since(began),
        status=problem.status if problem else 200,
        error=f"{problem.kind}: {problem}".replace("\0", "") if problem else "",
    )


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
