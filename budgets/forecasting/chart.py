"""The shapes of a forecast's chart: spend of the running period hour by hour, and the fan of what is expected. Pure.

Both panels share the time axis. Shapes are in a box of WIDTH to HEIGHT, stretched by the page; words stand beside, in percent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from budgets.forecasting.forecasts import Outlook
from budgets.forecasting.season import HOUR
from budgets.money import rounded

WIDTH, HEIGHT, BARS_HEIGHT = 1_000, 300, 90
HEADROOM = 1.08
MAX_TICKS = 8
Fan = tuple[datetime, float, float, float]
"""A moment, and what will have been spent by then: expected, low and high."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    x: float
    width: float
    y: float
    height: float
    is_expected: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """Words at a place along an axis, in percent of it."""

    at: float
    text: str

    @property
    def up(self) -> float:
        """The same, down from the top."""
        return round(100 - self.at, 2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A day in the table that says the same as the chart: what was spent in all by its end, or is expected to be."""

    day: str
    spent: int | None
    expected: int | None
    low: int | None
    high: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """Polygons and lines are SVG point lists; `limit_y`, `now_x` and the marks are percent from the top or the left."""

    spent: str
    spent_area: str
    expected: str
    fan: str
    bars: tuple[Bar, ...]
    limit_y: float
    now_x: float
    passes_x: float | None
    ticks: tuple[Mark, ...]
    rows: tuple[Row, ...]
    top: float
    before: str
    """The period before, from its beginning; empty where nothing is known of it."""
    heights: tuple[Mark, ...]
    """Round amounts along the left, from nothing up."""


def draw(outlook: Outlook, amount: int, zone: ZoneInfo) -> Chart:
    """The chart of a forecast beside the limit's amount; 0: there is no limit."""
    return _Drawing(outlook, amount, zone).chart()


def period_before(start: datetime, end: datetime, zone: ZoneInfo) -> datetime:
    """When the period before this one began: a month before a month, else as long before as it lasts."""
    local = start.astimezone(zone)
    if local.day == 1 and end - start > timedelta(days=27):
        return (local - timedelta(days=1)).replace(day=1)
    return start - (end - start)


class _Drawing:
    def __init__(self, outlook: Outlook, amount: int, zone: ZoneInfo) -> None:
        self.forecast, self.points, self.zone, self.amount = outlook.forecast, outlook.points, zone, amount
        self.start, self.length = self.forecast.period_start, self.forecast.period_end - self.forecast.period_start
        self.hours = _hours_in(outlook, self.start)
        self.before = list(self._before(outlook))
        highest = max((value for _, value in self.before), default=0)
        self.top = max(amount, self.forecast.high or 0, self.forecast.spent, highest, 1) * HEADROOM

    def chart(self) -> Chart:
        forecast, now = self.forecast, self.forecast.made_at
        spent = [(self.start, 0.0), *self._spent(), (now, float(forecast.spent))]
        begin = float(forecast.spent)
        ahead: list[Fan] = [(now, begin, begin, begin)] if self.points else []
        ahead += [(each.until, begin + each.expected, begin + each.low, begin + each.high) for each in self.points]
        line = self._line([(moment, value) for moment, value in spent])
        return Chart(
            spent=line, spent_area=f"0,{HEIGHT} {line} {self._x(now):.1f},{HEIGHT}",
            expected=self._line([(moment, expected) for moment, expected, _, _ in ahead]),
            fan=" ".join([
                self._line([(moment, high) for moment, _, _, high in ahead]),
                self._line([(moment, low) for moment, _, low, _ in reversed(ahead)]),
            ]),
            bars=tuple(self._bars()), limit_y=100 * (1 - self.amount / self.top), now_x=self._x(now) / WIDTH * 100,
            passes_x=self._x(forecast.passes_at) / WIDTH * 100 if forecast.passes_at else None,
            ticks=tuple(self._ticks()), rows=tuple(self._rows(spent, ahead)), top=self.top,
            before=self._line(self.before), heights=tuple(self._heights()),
        )  # fmt: skip

    def _x(self, moment: datetime) -> float:
        return WIDTH * ((moment - self.start) / self.length)

    def _line(self, values: Sequence[tuple[datetime, float]]) -> str:
        return " ".join(f"{self._x(at):.1f},{HEIGHT * (1 - value / self.top):.1f}" for at, value in values)

    def _spent(self) -> Iterator[tuple[datetime, float]]:
        """What the hours add up to, never more than what the period's counter says now."""
        total = 0.0
        for hour, amount in self.hours:
            total += amount
            yield min(hour + HOUR, self.forecast.made_at), min(total, self.forecast.spent)

    def _before(self, outlook: Outlook) -> Iterator[tuple[datetime, float]]:
        """What the period before added up to, moved to where this one begins."""
        began = period_before(self.start, self.forecast.period_end, self.zone)
        hours = [(hour, amount) for hour, amount in _hours_in(outlook, began) if hour < self.start]
        if hours and hours[0][0] > began + timedelta(days=1):
            return
        total = 0.0
        for hour, amount in hours:
            total += amount
            at = self.start + (hour + HOUR - began)
            if at <= self.forecast.period_end:
                yield at, total

    def _heights(self) -> Iterator[Mark]:
        unit: float = 10 ** (len(str(int(self.top))) - 1)
        step = next(unit * part for part in (0.2, 0.25, 0.5, 1, 2, 2.5) if self.top <= 5.01 * unit * part)
        for place in range(int(self.top / step) + 1):
            yield Mark(at=100 * place * step / self.top, text=rounded(round(place * step)))

    def _bars(self) -> Iterator[Bar]:
        before, ahead = 0.0, []
        for point in self.points[:-1] if len(self.points) > 1 else self.points:
            ahead.append((point.until - HOUR, point.expected - before))
            before = point.expected
        highest = max((amount for _, amount in (*self.hours, *ahead)), default=0) or 1
        width = WIDTH * (HOUR / self.length)
        for amounts, is_expected in ((self.hours, False), (ahead, True)):
            for hour, amount in amounts:
                height = BARS_HEIGHT * amount / highest
                yield Bar(x=self._x(hour), width=width, y=BARS_HEIGHT - height, height=height, is_expected=is_expected)

    def _days(self) -> list[datetime]:
        """The midnights within the period, on its own clock."""
        first = self.start.astimezone(self.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        steps = (first + timedelta(days=step) for step in range(self.length.days + 2))
        return [each for each in steps if self.start <= each <= self.forecast.period_end]

    def _ticks(self) -> Iterator[Mark]:
        days = self._days()
        step = -(-len(days) // MAX_TICKS)
        for each in days[:-1:step]:
            yield Mark(at=self._x(each) / WIDTH * 100, text=f"{each:%a} {each.day} {each:%b}")

    def _rows(self, spent: Sequence[tuple[datetime, float]], ahead: Sequence[Fan]) -> Iterator[Row]:
        now = self.forecast.made_at
        for day, end in zip(self._days(), self._days()[1:], strict=False):
            name = f"{day:%a} {day.day} {day:%b}"
            if end <= now:
                value = max(value for moment, value in spent if moment <= end)
                yield Row(day=name, spent=round(value), expected=None, low=None, high=None)
            elif ahead:
                _, *figures = max((each for each in ahead if each[0] <= end), key=lambda each: each[0])
                expected, low, high = (round(each) for each in figures)
                yield Row(day=name, spent=None, expected=expected, low=low, high=high)


def _hours_in(outlook: Outlook, start: datetime) -> list[tuple[datetime, int]]:
    known = outlook.history
    hours = ((known.start + step * HOUR, amount) for step, amount in enumerate(known.hours))
    return [(hour, amount) for hour, amount in hours if hour >= start]
