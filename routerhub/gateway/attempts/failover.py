"""What is done when an attempt failed, and what a failed attempt costs. Pure: no HTTP, no clock, no database.

`next_step` decides everything; `routerhub.gateway.attempts.dispatch` does what it says. An operation has one budget of tries and
one deadline over all its models, so retries never multiply: neither the HTTP client nor an adapter tries anything again.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from models_registry.prices.tariffs import Tariff
from models_registry.types import Attempt, Usage
from models_registry.upstream.errors import CircuitOpen, CredentialBad, PromptTooLong, TimedOut, UpstreamError
from routerhub.gateway.attempts.reservation import FREE, Charge, counted, reckoned

MAX_TRIES = 8
"""Attempts of one operation, over all models. Those whose key was refused are bounded by the number of keys instead."""
MAX_TRIES_PER_DEPLOYMENT = 2
MAX_MODELS = 3
FIRST_PAUSE_S = 0.2
"""The longest one before the second try, doubled with each further one; how much of it is waited is random (full jitter)."""
MAX_PAUSE_S = 2.0
"""A deployment that asks for a longer pause is left for the next one."""
MAX_LAST_PAUSE_S = 10.0
"""The same where there is no next one."""
CONNECT_S = 5.0
PATIENCE_S = 60.0
"""So long an upstream may say nothing while somebody else could be asked. A whole answer may take longer, see `patience`."""
NOT_FOUND, TOO_MANY = 404, 429
REFUSED_KEYS = frozenset({401, 402, 403})


@dataclass(frozen=True, kw_only=True, slots=True)
class Retry:
    """Ask the same deployment again, after a pause."""

    after_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class NextKey:
    """Ask the same deployment at once with another key: this one is refused, or has used its limit up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NextDeployment:
    """Ask where else the same model is served."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NextModel:
    """Ask the next candidate, with a hold of its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GiveUp:
    """Tell the client that nobody answered."""


Step = Retry | NextKey | NextDeployment | NextModel | GiveUp


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """What an operation still has: time, other deployments of the model that failed, other models."""

    seconds: float
    deployments: int
    models: int
    keys: int = 0
    """Other keys of the provider that failed."""
    has_streamed: bool = False
    """Whether the client has part of an answer already. From then on nothing is tried elsewhere in silence."""

    @property
    def has_elsewhere(self) -> bool:
        return self.deployments > 0 or self.models > 0


def next_step(attempts: Sequence[Attempt], error: UpstreamError, left: Left, share: float = 1.0) -> Step:
    """What is done after the last of the attempts ended in this error. `share`, of the pause, is a random number from 0 to 1.

    After PromptTooLong, `left.models` counts those with a larger window alone.
    """
    tries = sum(attempt.status not in REFUSED_KEYS for attempt in attempts)
    is_too_long = isinstance(error, PromptTooLong)
    is_over = left.has_streamed or left.seconds <= 0 or tries >= MAX_TRIES
    if is_over or not (error.may_retry or is_too_long):
        return GiveUp()
    if left.keys > 0 and (isinstance(error, CredentialBad) or error.status == TOO_MANY):
        return NextKey()
    pause = _pause_s(attempts, error, MAX_PAUSE_S if left.has_elsewhere else MAX_LAST_PAUSE_S, share)
    if pause is not None and pause < left.seconds:
        return Retry(after_s=pause)
    if left.deployments > 0 and not is_too_long:
        return NextDeployment()
    return NextModel() if left.models > 0 else GiveUp()


def _pause_s(attempts: Sequence[Attempt], error: UpstreamError, most: float, share: float) -> float | None:
    """How long to wait before the same deployment is asked again. None: asking it again would not help, or not soon."""
    if isinstance(error, TimedOut | CredentialBad | CircuitOpen | PromptTooLong) or error.status == NOT_FOUND:
        return None
    last = attempts[-1]
    tries = sum(1 for _ in takewhile(lambda each: each.deployment == last.deployment, reversed(attempts)))
    backed_off = share * min(FIRST_PAUSE_S * 2 ** (tries - 1), MAX_PAUSE_S)
    pause = error.retry_after_s if error.retry_after_s is not None else backed_off
    return pause if tries < MAX_TRIES_PER_DEPLOYMENT and pause <= most else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Hedge:
    """Ask a second place beside the first, and take the answer that comes first. It is where else the model is served, or else
    the next candidate; either way it has a hold of its own."""

    after_s: float
    """When the first one has been silent for so long."""


def hedge(after_ms: int, attempts: Sequence[Attempt], left: Left) -> Hedge | None:
    """Whether the next attempt is hedged, where the policy says that it may be."""
    after_s = after_ms / 1_000
    is_worth_it = left.has_elsewhere and after_s < left.seconds and len(attempts) + 2 <= MAX_TRIES
    return Hedge(after_s=after_s) if is_worth_it else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long one attempt is waited for, in seconds."""

    connect_s: float
    idle_s: float
    first_content_s: float
    """Until a stream brings something of the answer: pings and comments do not count."""
    total_s: float


def patience(left: Left, is_stream: bool, writing_s: float = 0.0) -> Patience:
    """The time limits of the next attempt. The last place that can be asked has all the time that is left; any other one at
    most half of it, so that there is some for the next.

    A whole answer is silent until it is there, so all of it is bounded as the first content of a stream is: drops that keep
    the connection alive are no answer. But it may take the time (`writing_s`) in which the model writes its longest one.
    """
    first = min(max(PATIENCE_S, writing_s), left.seconds / 2) if left.has_elsewhere else left.seconds
    return Patience(
        connect_s=min(CONNECT_S, first),
        idle_s=min(PATIENCE_S, left.seconds) if is_stream and not left.has_elsewhere else first,
        first_content_s=first,
        total_s=left.seconds if is_stream else first,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Exposure:
    """What an attempt that gave no answer may be billed for."""

    input_tokens: int
    """Estimated size of the prompt that was sent."""
    seen: Usage | None
    """What the upstream itself reported of its stream, the last time it did."""
    seen_chars: int
    """What came of its stream."""
    max_output_tokens: int
    """Of all answers together."""
    is_stream: bool
    elapsed_s: float
    tokens_per_s: float | None
    """The model's measured speed, None where nothing was measured."""
    tariff: Tariff
    held_nano: int


def attempt_cost(error: UpstreamError | None, exposure: Exposure) -> Charge:
    """What an attempt costs that failed, or (without an error) that nobody waited for. Never more than was held.

    Nothing where the request was not sent, or was refused before anything came. Else the prompt, and of a stream what was
    seen. Of a whole answer nothing is seen: what the model writes in the time that passed, and the whole hold where its speed
    was never measured.
    """
    if error is not None and not exposure.seen_chars and (not error.was_sent or error.was_refused):
        return FREE
    if exposure.seen is not None:
        return reckoned(exposure.tariff, replace(exposure.seen, is_estimated=True), exposure.held_nano)
    output = _output_tokens(exposure)
    usage = Usage(input_tokens=exposure.input_tokens, output_tokens=output or 0, is_estimated=True)
    if output is None:
        return Charge(nano=exposure.held_nano, usage=usage, basis="held")
    return reckoned(exposure.tariff, usage, exposure.held_nano)


def _output_tokens(exposure: Exposure) -> int | None:
    """So much of an answer was made, by what is known. None: nothing is."""
    if exposure.is_stream:
        return counted(exposure.seen_chars)
    if exposure.tokens_per_s is None:
        return None
    return min(exposure.max_output_tokens, math.ceil(exposure.elapsed_s * exposure.tokens_per_s))
