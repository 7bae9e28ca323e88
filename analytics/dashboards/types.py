"""What a page of figures is made of: a view, tiles, and what each kind of tile asks for and draws. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from analytics.windows.types import Answer, Dimension, Question, Step, Traffic

Width = Literal["whole", "half"]
Names = Mapping[tuple[Dimension, str], str]
"""What values of dimensions are called for people."""
Links = Callable[[Mapping[str, str | None]], str]
"""Makes the address of the same page with other filters; None leaves one out."""
WORDS: Mapping[Dimension, str] = {
    "account": "account", "user": "user", "key": "key", "model": "model", "provider": "provider",
    "deployment": "deployment", "policy": "policy", "task_type": "task type", "category": "category",
    "complexity": "complexity", "worker": "worker", "tag": "tag",
}  # fmt: skip
DAYS_BY_HOUR, DAYS_BY_DAY, DAYS_BY_WEEK = 2, 95, 750
"""The longest ranges that are cut into hours, days and weeks: a chart has about a hundred columns at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """Which requests a page is about, as its address says."""

    since: datetime
    until: datetime
    """Both in the view's zone."""
    now: datetime
    range: str = ""
    """The name of a preset; empty: own dates."""
    zone: str = "UTC"
    where: Mapping[Dimension, tuple[str, ...]] = field(default_factory=dict)
    accounts: frozenset[int] | None = None
    """Of whoever looks; None: staff, who see all."""
    traffic: Traffic = "real"
    by: Dimension | None = None
    """What charts over time are stacked by, where it was chosen."""

    @property
    def days(self) -> float:
        return (self.until - self.since) / timedelta(days=1)

    @property
    def step(self) -> Step:
        """How finely charts over time are cut."""
        if self.days <= DAYS_BY_HOUR:
            return "hour"
        return "day" if self.days <= DAYS_BY_DAY else "week" if self.days <= DAYS_BY_WEEK else "month"

    @property
    def shift(self) -> timedelta:
        """How long before the same time is compared: whole weeks, so that a Sunday stands against a Sunday."""
        whole_days = -(-(self.until - self.since) // timedelta(days=1))
        return timedelta(weeks=-(-whole_days // 7))

    @property
    def before(self) -> "View":
        """The time that this one is compared with."""
        return replace(self, since=self.since - self.shift, until=self.until - self.shift)

    def question(self, *by: Dimension, step: Step | None = None, distributions: bool = False) -> Question:
        return Question(
            since=self.since, until=self.until, zone=self.zone, by=by, step=step, where=self.where,
            accounts=self.accounts, traffic=self.traffic, distributions=distributions,
        )  # fmt: skip

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(self.zone))


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """One tile of a page: which kind, and what of it."""

    kind: str
    title: str = ""
    """Empty: the kind's own."""
    by: tuple[Dimension, ...] = ()
    """Empty: what the kind groups by of itself."""
    measure: str = ""
    where: Mapping[Dimension, tuple[str, ...]] = field(default_factory=dict)
    """Beside what the page filters by."""
    range: str = ""
    """The name of a preset; empty: the page's."""
    width: Width | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What a tile is drawn from."""

    tile: Tile
    view: View
    answers: Mapping[str, Answer]
    """By the name that the kind gave each question."""
    names: Names
    links: Links
    also: Any = None
    """What the kind shows beside the roll-ups."""

    def name(self, dimension: Dimension, value: str) -> str:
        return self.names.get((dimension, value)) or value or f"no {WORDS[dimension]}"

    def only(self, dimension: Dimension, value: str) -> str:
        """The address of the same page with this value alone; empty where there is none to filter by."""
        return self.links({dimension: value}) if value else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of tile. What some of them show beside the roll-ups is read by analytics.dashboards.beside."""

    name: str
    title: str
    says: str
    """What it shows, for whoever composes a dashboard."""
    asks: Callable[[Tile, View], Mapping[str, Question]]
    draw: Callable[[Seen], Any]
    """A frozen value with `title` and `is_empty`, which its template shows."""
    by: tuple[tuple[Dimension, ...], ...] = ()
    """The groupings that it can have, the usual one first; empty: it has none."""
    measures: tuple[str, ...] = ()
    width: Width = "whole"

    @property
    def template(self) -> str:
        return f"analytics/tiles/{self.name}.html"
