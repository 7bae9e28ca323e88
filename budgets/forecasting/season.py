"""How spend is spread over a week, a month's end and the hours of a day, learned from days that are over. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from statistics import fmean, median

HOUR = timedelta(hours=1)
WEEK_DAYS, DAY_HOURS = 7, 24
MONTH_END_DAYS = 3
"""The last days of a month, which have a factor of their own."""
WEEKDAY_PRIOR = 0.25
"""So many days of each weekday are taken to have been like all others, so that one week says less than five."""
MONTH_END_PRIOR = 4.0
"""So many ends of a month's days are taken to have been like all others."""
MIN_FACTOR = 0.2
SHARE_PRIOR = 1.0
"""So many days of each weekday are taken to have had the hours of all others."""


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
    dates, totals = [day.date for day in days], [day.total for day in days]
    month_end = _month_end(dates, totals, _weekdays(dates, totals))
    usual = [total / month_end if is_month_end(day) else total for day, total in zip(dates, totals, strict=True)]
    return Season(weekdays=_weekdays(dates, usual), month_end=month_end, shares=_shares(days))


def _weekdays(dates: Sequence[date], totals: Sequence[float]) -> tuple[float, ...]:
    """For each weekday the mean multiple of the mean day of the week around it; of these the mean is 1."""
    sums, counts = [WEEKDAY_PRIOR] * WEEK_DAYS, [WEEKDAY_PRIOR] * WEEK_DAYS
    span = min(WEEK_DAYS, len(totals))
    for at, (day, total) in enumerate(zip(dates, totals, strict=True)):
        begin = min(max(0, at - span // 2), len(totals) - span)
        around = fmean(totals[begin : begin + span])
        sums[day.weekday()] += total / around if around else 1.0
        counts[day.weekday()] += 1
    means = [total / count for total, count in zip(sums, counts, strict=True)]
    return tuple(each / fmean(means) for each in means)


def _month_end(dates: Sequence[date], totals: Sequence[float], weekdays: Sequence[float]) -> float:
    """The mean multiple of the middle one of the days around, each over its weekday's factor; quiet weekdays tell nothing."""
    flat = [total / max(MIN_FACTOR, weekdays[day.weekday()]) for day, total in zip(dates, totals, strict=True)]
    ratios = []
    for at, day in enumerate(dates):
        usual = median(flat[max(0, at - WEEK_DAYS) : at + WEEK_DAYS + 1])
        if is_month_end(day) and weekdays[day.weekday()] > MIN_FACTOR and usual:
            ratios.append(flat[at] / usual)
    return (sum(ratios) + MONTH_END_PRIOR) / (len(ratios) + MONTH_END_PRIOR)


def _shares(days: Sequence[Day]) -> tuple[tuple[float, ...], ...]:
    """For each weekday its own hours, and beside them one mean day's as if it had been one of them."""
    even = 1 / DAY_HOURS
    overall = [sum(day.hours[hour] for day in days) for hour in range(DAY_HOURS)]
    all_days = sum(overall)
    usual = [amount / all_days if all_days else even for amount in overall]
    found = []
    for weekday in range(WEEK_DAYS):
        own = [day for day in days if day.date.weekday() == weekday]
        mean_day = fmean([day.total for day in own]) if own else 0.0
        prior = SHARE_PRIOR * (mean_day or 1.0)
        amounts = [sum(day.hours[hour] for day in own) + prior * usual[hour] for hour in range(DAY_HOURS)]
        found.append(tuple(amount / sum(amounts) for amount in amounts))
    return tuple(found)
