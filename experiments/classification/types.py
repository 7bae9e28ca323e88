"""How prompts were read over a range of time, as frozen values. Pure. Money is nano-dollars, times are milliseconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from analytics.windows.types import Question
from autorouter.types import Category, Complexity, Reader
from experiments.types import Report
from routerhub.intervals import wilson

Origin = Literal["table", "encoder", "model", "given"]
"""Whose word counted: a reader's, or the caller's."""
ORIGINS: tuple[Origin, ...] = ("table", "encoder", "model", "given")


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What one reader said of a request."""

    category: Category
    complexity: Complexity
    took_ms: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One request of the sample."""

    at: datetime
    by: Origin
    category: str
    confidence: float | None
    origin: str
    """As the task tells it: with what went wrong, if anything did."""
    said: Mapping[Reader, Said]
    """By those who were asked, where the table was not the only one."""
    satisfaction: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """So many of so many."""

    count: int
    of: int

    @property
    def share(self) -> float | None:
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float]:
        """95 %."""
        return wilson(self.count, self.of)


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """How often two readers who both read a request said the same of it."""

    one: Reader
    other: Reader
    category: Share
    complexity: Share


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """How long requests waited for a reader's answer; where an equal prompt had been read before, no time at all."""

    requests: int
    mean_ms: float
    p95_ms: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """Why a reader's answer could not be used. What differs in figures alone is one cause, told as it was said first."""

    reader: Reader
    why: str
    requests: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Bin:
    """Requests whose category was held to be so likely: above `low`, up to `high`."""

    low: float
    high: float
    by: Mapping[Origin, int]
    """Whose word that is."""
    rated: int
    satisfaction: float | None
    """The mean of those that were rated."""

    @property
    def requests(self) -> int:
        return sum(self.by.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """Requests of one day or hour, by who read them."""

    start: datetime
    requests: Mapping[Origin, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """What some requests show together."""

    by: Mapping[Origin, int]
    points: tuple[Point, ...]
    asked: Mapping[Reader, Share]
    """Encoder and router model, of the requests that were read."""
    agreement: tuple[Agreement, ...]
    other_category: Share
    """Of the requests that the table did not read alone: those that got another category than it alone would have given."""
    waits: Mapping[Reader, Wait]
    causes: tuple[Cause, ...]
    """The commonest first."""
    bins: tuple[Bin, ...]
    without_confidence: int
    """Requests of which nobody says how likely their category is."""

    @property
    def requests(self) -> int:
        return sum(self.by.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """The newest requests that others than the table read, decided once more: as the table alone read them, and as they were."""

    report: Report
    since: datetime | None
    """When the oldest of them came in; None: there was none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Questions:
    """What the router model was asked, by requests of their own."""

    requests: int
    successes: int
    cost_nano: int
    mean_ms: float | None
    p95_ms: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class EncoderStatus:
    """How the encoder stands at this moment."""

    state: Literal["up", "down", "none"]
    detail: str
    """In words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Classification:
    question: Question
    total: int
    """Requests of the range without the questions, by the roll-ups."""
    is_whole: bool
    """Whether all of them were looked at, and not a sample."""
    summary: Summary
    effect: Effect
    questions: Questions
    encoder: EncoderStatus
    as_of: datetime
