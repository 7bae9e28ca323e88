"""How spend is spread over a week, a month's end and the hours of a day, learned from days that are over. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from statistics import mean

HOUR = timedelta(hours=1)
WEEK_DAYS, DAY_HOURS = 7, 24
MONTH_END_DAYS = 3
"""The last days of a month, which have a factor of their own."""
WEEKDAY_PRIOR = 0.5
"""So many days of each weekday are taken to have been like all others, so that one week says less than five."""
MONTH_END_PRIOR = 4.0
SHARE_PRIOR = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """What was spent in each hour of one local day. On a day with an hour twice, that holds both."""

    date: date
    hours: tuple[float, ...]

    @property
    def total(self) -> float:
        return sum(self.hours)


@dataclass(frozen=True, kw_only=True, slots=True)
class Season:
    """Factors that multiply a mean day's spend, and how a weekday's spend is shared among its hours."""

    weekdays: tuple[float, ...]
    month_end: float
    shares: tuple[tuple[float, ...], ...]

    def factor(self, day: date) -> float:
        return self.weekdays[day.weekday()] * (self.month_end if is_month_end(day) else 1.0)

    def hour(self, moment: datetime) -> float:
        """The factor of one local hour: those of a day's hours add up to its own."""
        return self.factor(moment.date()) * self.shares[moment.weekday()][moment.hour]


def is_month_end(day: date) -> bool:
    return (day + timedelta(days=MONTH_END_DAYS)).month != day.month


def days_of(hours: Sequence[float], start: datetime, zone: tzinfo) -> list[Day]:
    """Whole and begun local days, out of one amount for each hour from `start` on."""
    found: dict[date, list[float]] = {}
    for step, amount in enumerate(hours):
        local = (start + step * HOUR).astimezone(zone)
        found.setdefault(local.date(), [0.0] * DAY_HOURS)[local.hour] += amount
    return [Day(date=day, hours=tuple(amounts)) for day, amounts in found.items()]


def learn(days: Sequence[Day]) -> Season:
    """The season of whole days, one after the other without a gap."""
    ratios = _ratios([day.total for day in days])
    weekdays = _by_weekday(days, ratios, [1.0] * len(days))
    ends = [
        ratio / weekdays[day.date.weekday()]
        for day, ratio in zip(days, ratios, strict=True)
        if is_month_end(day.date) and weekdays[day.date.weekday()] > 0.2
    ]
    month_end = (sum(ends) + MONTH_END_PRIOR) / (len(ends) + MONTH_END_PRIOR)
    without = [month_end if is_month_end(day.date) else 1.0 for day in days]
    return Season(weekdays=_by_weekday(days, ratios, without), month_end=month_end, shares=_shares(days))


def _ratios(totals: Sequence[float]) -> list[float]:
    """Each day's spend as a multiple of the mean day of the week around it."""
    span = min(WEEK_DAYS, len(totals))
    found = []
    for at, total in enumerate(totals):
        begin = min(max(0, at - span // 2), len(totals) - span)
        around = mean(totals[begin : begin + span])
        found.append(total / around if around else 1.0)
    return found


def _by_weekday(days: Sequence[Day], ratios: Sequence[float], without: Sequence[float]) -> tuple[float, ...]:
    """A mean for each weekday, of which the mean is 1."""
    sums, counts = [WEEKDAY_PRIOR] * WEEK_DAYS, [WEEKDAY_PRIOR] * WEEK_DAYS
    for day, ratio, other in zip(days, ratios, without, strict=True):
        sums[day.date.weekday()] += ratio / other
        counts[day.date.weekday()] += 1
    means = [total / count for total, count in zip(sums, counts, strict=True)]
    return tuple(each / mean(means) for each in means)


def _shares(days: Sequence[Day]) -> tuple[tuple[float, ...], ...]:
    """For each weekday its own hours, and beside them one mean day's as if it had been one of them."""
    even = 1 / DAY_HOURS
    overall = [sum(day.hours[hour] for day in days) for hour in range(DAY_HOURS)]
    all_days = sum(overall)
    usual = [amount / all_days if all_days else even for amount in overall]
    found = []
    for weekday in range(WEEK_DAYS):
        own = [day for day in days if day.date.weekday() == weekday]
        mean_day = mean([day.total for day in own]) if own else 0.0
        prior = SHARE_PRIOR * (mean_day or 1.0)
        amounts = [sum(day.hours[hour] for day in own) + prior * usual[hour] for hour in range(DAY_HOURS)]
        found.append(tuple(amount / sum(amounts) for amount in amounts))
    return tuple(found)
