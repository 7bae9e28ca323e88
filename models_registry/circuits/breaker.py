"""When a deployment or a key is taken out, and for how long. Pure: time is an argument, in monotonic seconds.

A circuit is closed while calls go through. It is open while none do, and half-open from `until` on: then one call, the
probe, tries whether it may be closed. A limit that an upstream announced needs no probe: it is over at its reset.
"""

import math
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from models_registry.upstream.errors import CircuitOpen, CredentialBad, Overloaded, Rejected, UpstreamError

UNAUTHORIZED, PAYMENT_REQUIRED, TOO_MANY = 401, 402, 429
BUCKETS = 10
"""Of a window: counts are forgotten a tenth of it at a time."""
Scope = Literal["nobody", "deployment", "key", "key there"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """When a circuit opens, and for how long."""

    window_s: float
    min_attempts: int
    """Fewer calls within the window never open it."""
    failure_share: float
    """Of the calls within the window, from 0 to 1."""
    open_s: float
    """Doubled each time that the probe fails."""
    max_open_s: float

    def open_for_s(self, times: int) -> float:
        """How long it stays open the nth time in a row."""
        return min(self.open_s * 2.0 ** min(times - 1, 60), self.max_open_s)


@dataclass(frozen=True, kw_only=True, slots=True)
class Circuit:
    """One that is open or half-open; a closed one is none."""

    subject: str
    """A deployment's id, a key's, or "DEPLOYMENT with KEY"."""
    since: datetime
    until: float
    """Monotonic seconds; infinity until the key is changed or staff close it."""
    reason: str
    times: int = 1
    """How often in a row it was opened."""
    is_limit: bool = False
    """It only waits for an announced reset."""
    is_shared: bool = True
    """Whether the database has it, and with that every process."""

    def is_open(self, now: float) -> bool:
        return self.until > now

    @property
    def text(self) -> str:
        return told_of(self.since, self.reason)


def told_of(since: datetime, reason: str) -> str:
    """What is told of a circuit that is open."""
    return f"since {since:%Y-%m-%d %H:%M:%S} UTC: {reason}"


class Window:
    """The calls of one deployment within the last seconds, and how many failed."""

    __slots__ = ("_buckets", "_width_s")

    def __init__(self, rules: Rules) -> None:
        self._width_s = rules.window_s / BUCKETS
        self._buckets: deque[list[int]] = deque(maxlen=BUCKETS)
        """Number of the bucket, calls, failures; the newest last."""

    def count(self, now: float, has_failed: bool) -> None:
        number = int(now // self._width_s)
        bucket = self._buckets[-1] if self._buckets else None
        if bucket is None or bucket[0] < number:
            bucket = [number, 0, 0]
            self._buckets.append(bucket)
        bucket[1] += 1
        bucket[2] += has_failed

    def totals(self, now: float) -> tuple[int, int]:
        """Calls and failures that are not forgotten yet."""
        oldest = int(now // self._width_s) - BUCKETS + 1
        living = [each for each in self._buckets if each[0] >= oldest]
        return sum(each[1] for each in living), sum(each[2] for each in living)


def trips(rules: Rules, calls: int, failures: int) -> bool:
    """Whether so many failures open the circuit."""
    return calls >= rules.min_attempts and failures >= rules.failure_share * calls


@dataclass(frozen=True, kw_only=True, slots=True)
class Blame:
    """Whom a failed call speaks against. `rest_s` takes it out at once; None: it is counted."""

    scope: Scope
    rest_s: float | None = None
    is_limit: bool = False


NOBODY = Blame(scope="nobody")


def blame(error: UpstreamError, rules: Rules) -> Blame:
    """A refused request speaks against nobody, a refused key against that key, an announced limit until its reset.

    401 is the key itself. 403 may be its right to one model, so it is the key at that deployment. Both are out until the key is
    changed; but where no code says why (402, filled up without a new key, or a 403 of some proxy) it is tried again.
    """
    if isinstance(error, Rejected | CircuitOpen):
        return NOBODY
    if isinstance(error, CredentialBad):
        if error.status == PAYMENT_REQUIRED:
            return Blame(scope="key", rest_s=rules.open_s)
        if error.status == UNAUTHORIZED:
            return Blame(scope="key", rest_s=math.inf)
        return Blame(scope="key there", rest_s=math.inf if error.code else rules.open_s)
    if isinstance(error, Overloaded) and error.status == TOO_MANY and error.retry_after_s is not None:
        return Blame(scope="key there", rest_s=error.retry_after_s, is_limit=True)
    return Blame(scope="deployment")


def key_there(deployment: str, key: str) -> str:
    """The subject that a key (by its id) at one deployment is."""
    return f"{deployment} with {key}"


def subject_kind(subject: str) -> tuple[Scope, str]:
    """What the subject is, and at which deployment: empty for a key."""
    deployment, is_there, _ = subject.partition(" with ")
    if is_there:
        return "key there", deployment
    return ("deployment", subject) if "/" in subject.partition(" ")[0] else ("key", "")
