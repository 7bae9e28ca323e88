"""Spend by the hour as it may be in life, made up: what has a season, and what disturbs it.

Each shape is drawn anew for each seed: the level, how much work there is at night and on weekends, how noisy days and hours are.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from math import exp, sin, tau
from random import Random

from budgets.forecasting.season import is_month_end

HOUR = timedelta(hours=1)
BEGAN = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday."""
OFFICE = (2, 1, 1, 1, 1, 2, 6, 18, 55, 90, 100, 98, 70, 80, 97, 95, 84, 60, 30, 16, 11, 8, 5, 3)
"""A working day by the hour: work from eight to six, a dip at noon, little at night."""
Series = list[float]


class Drawn:
    """What one seed makes of a shape: the same hour by hour for all that comes on top."""

    def __init__(self, seed: int, days: int) -> None:
        self.random = Random(seed)
        draw = self.random.uniform
        self.days = days
        self.level = exp(draw(-2, 3))
        self.weekend = draw(0.03, 0.5)
        self.hour_noise, self.day_noise = draw(0.15, 0.6), draw(0.05, 0.25)

    def noise(self, share: float) -> float:
        """A factor with the mean 1."""
        return self.random.lognormvariate(-share * share / 2, share)

    def spread(self, expected: Callable[[datetime, int], float]) -> Series:
        """Each hour's expected spend, with the noise of its day and its own."""
        found = []
        for day in range(self.days):
            of_day = self.level * self.noise(self.day_noise)
            for hour in range(24):
                moment = BEGAN + timedelta(days=day, hours=hour)
                found.append(of_day * expected(moment, day) * self.noise(self.hour_noise))
        return found

    def office(self, moment: datetime) -> float:
        return OFFICE[moment.hour] / 40 * (self.weekend if moment.weekday() >= 5 else 1.0)


def office(drawn: Drawn) -> Series:
    """Office hours, quiet weekends."""
    return drawn.spread(lambda moment, _: drawn.office(moment))


def around_the_clock(drawn: Drawn) -> Series:
    """A service for the public: a wave by day, weekends a little busier."""
    depth, lift = drawn.random.uniform(0.2, 0.7), drawn.random.uniform(0.9, 1.3)
    return drawn.spread(
        lambda moment, _: (1 + depth * sin(tau * (moment.hour - 9) / 24)) * (lift if moment.weekday() >= 5 else 1)
    )


def trend(drawn: Drawn) -> Series:
    """Office hours whose level rises or falls by a straight line."""
    slope = drawn.random.choice([-0.4, 0.5, 1.0]) / 90
    return drawn.spread(lambda moment, day: drawn.office(moment) * max(0.1, 1 + slope * day))


def growth(drawn: Drawn) -> Series:
    """A product that is taken up: 3 to 10 % more a week."""
    weekly = drawn.random.uniform(0.03, 0.10)
    return drawn.spread(lambda moment, day: drawn.office(moment) * exp(weekly * day / 7))


def bursts(drawn: Drawn) -> Series:
    """Office hours, and once or twice a week some hours of a batch that costs several times as much."""
    found, random = office(drawn), drawn.random
    for _ in range(int(drawn.days / random.uniform(3, 7))):
        begin, size = random.randrange(len(found)), random.uniform(2, 8) * drawn.level
        for at in range(begin, min(len(found), begin + random.randrange(2, 9))):
            found[at] += size
    return found


def month_ends(drawn: Drawn) -> Series:
    """Office hours; the last three days of a month bring reports and bills."""
    factor = drawn.random.uniform(1.5, 3.5)
    return drawn.spread(lambda moment, _: drawn.office(moment) * (factor if is_month_end(moment.date()) else 1))


def nightly(drawn: Drawn) -> Series:
    """A batch at two each night and a long one on Sundays, beside little by day."""
    job, sunday = drawn.random.uniform(3, 10), drawn.random.uniform(1, 4)

    def expected(moment: datetime, _: int) -> float:
        batch = job * (sunday if moment.weekday() == 6 else 1) if moment.hour in {2, 3} else 0
        return batch + 0.3 * drawn.office(moment)

    return drawn.spread(expected)


def steps(drawn: Drawn) -> Series:
    """Office hours; now and then a team comes or goes, or a model is changed for a cheaper one."""
    level, levels, random = 1.0, [], drawn.random
    for _ in range(drawn.days):
        if random.random() < 1 / 45:
            level *= random.choice([0.5, 0.7, 1.4, 1.9])
        levels.append(level)
    return drawn.spread(lambda moment, day: drawn.office(moment) * levels[day])


def drifting(drawn: Drawn) -> Series:
    """Around the clock, at a level that walks at random, about 4 % a day."""
    level, levels = 1.0, []
    for _ in range(drawn.days):
        level *= exp(drawn.random.gauss(0, 0.04))
        levels.append(level)
    return drawn.spread(lambda moment, day: levels[day] * (1 + 0.4 * sin(tau * (moment.hour - 9) / 24)))


def few_people(drawn: Drawn) -> Series:
    """Three people who now and then start an agent: most hours are empty, and what costs comes in lumps."""
    random = drawn.random
    return drawn.spread(
        lambda moment, _: random.expovariate(1) * 5 if random.random() < drawn.office(moment) / 12 else 0.0
    )


SHAPES: Sequence[Callable[[Drawn], Series]] = (
    office, around_the_clock, trend, growth, bursts, month_ends, nightly, steps, drifting, few_people,
)  # fmt: skip
