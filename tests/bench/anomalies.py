"""Anomalies looked for in made-up series: what was put in must be found, and nothing else."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import exp, log, sqrt
from random import Random
from statistics import fmean

from analytics.anomalies.detection import HISTORY_HOURS, WEEK, find
from analytics.anomalies.types import Figures, Measure
from tests.bench.series import SHAPES, Drawn, Series
from tests.bench.tables import table

SEEDS = 3
WATCHED = WEEK
"""So many hours are looked at, one by one, after five weeks of history."""
NANO = 10**9
Hours = list[Figures]


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """Something to put in, of a size and length between two bounds."""

    name: str
    measure: Measure
    size: tuple[float, float]
    hours: tuple[int, int]


KINDS = (
    Kind(name="spend x 4 to 10 for 1 to 3 h", measure="spend", size=(4, 10), hours=(1, 3)),
    Kind(name="spend x 2.5 to 4 for 6 to 12 h", measure="spend", size=(2.5, 4), hours=(6, 12)),
    Kind(name="spend x 1.8 to 2.5 for 24 to 48 h", measure="spend", size=(1.8, 2.5), hours=(24, 48)),
    Kind(name="latency x 2 to 5 for 1 to 6 h", measure="latency", size=(2, 5), hours=(1, 6)),
    Kind(name="latency x 1.5 to 2 for 6 to 12 h", measure="latency", size=(1.5, 2), hours=(6, 12)),
    Kind(name="20 to 80 % errors for 1 to 6 h", measure="errors", size=(0.2, 0.8), hours=(1, 6)),
    Kind(name="8 to 20 % errors for 6 to 12 h", measure="errors", size=(0.08, 0.2), hours=(6, 12)),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """What came of watching one series: what was told of each measure, by hour."""

    shape: str
    told: dict[Measure, list[int]]


def main() -> None:
    rows = [[name, f"{100 * recall:.0f}", f"{delay:.1f}"] for name, recall, delay in recalls(range(SEEDS))]
    print(f"anomalies put into {len(SHAPES)} shapes of spend, {SEEDS} seeds")
    print(table(["put in", "found, %", "after, h"], rows))
    quiet = [watch(shape, hours, WATCHED) for shape, hours in _series(range(SEEDS))]
    rows = [["all", *_alarms(quiet)]]
    rows += [
        [f"shape {each.__name__}", *_alarms([one for one in quiet if one.shape == each.__name__])] for each in SHAPES
    ]
    print("alerts a week in the same series with nothing put in (bursts, steps and few people have some of their own)")
    print(table(["", "spend", "latency", "errors"], rows))


def recalls(seeds: Sequence[int], shapes: Sequence[str] = ()) -> Iterator[tuple[str, float, float]]:
    """Of each kind how many were found, and after how many hours."""
    for kind in KINDS:
        delays: list[int | None] = []
        for shape, hours in _series(seeds, shapes):
            delays.append(_found_after(kind, hours, Random(f"{shape} {kind.name}")))
        found = [each for each in delays if each is not None]
        yield kind.name, len(found) / len(delays), fmean(found) if found else 0.0


def alarms(seeds: Sequence[int], shapes: Sequence[str], hours: int) -> int:
    """How many alerts came of so many hours of series with nothing put in."""
    return sum(sum(_told_days(watch(shape, found, hours)).values()) for shape, found in _series(seeds, shapes))


def _found_after(kind: Kind, hours: Hours, random: Random) -> int | None:
    """Hours from the beginning of what was put in until it is told; None: never."""
    length = random.randint(*kind.hours)
    busy = [at for at in range(HISTORY_HOURS, HISTORY_HOURS + WATCHED // 2) if hours[at].requests >= 30]
    begin = random.choice(busy)
    changed = inject(kind, hours, begin, length, random)
    for end in range(begin, begin + length + 2):
        if any(each.measure == kind.measure for each in find(changed[end + 1 - HISTORY_HOURS : end + 1])):
            return end - begin + 1
    return None


def inject(kind: Kind, hours: Hours, begin: int, length: int, random: Random) -> Hours:
    size, changed = random.uniform(*kind.size), list(hours)
    for at in range(begin, begin + length):
        each = hours[at]
        changed[at] = {
            "spend": replace(each, cost_nano=round(each.cost_nano * size)),
            "latency": replace(each, latency_ms=round(each.latency_ms * size)),
            "errors": replace(each, failures=sum(random.random() < size for _ in range(each.requests))),
        }[kind.measure]
    return changed


def watch(shape: str, hours: Hours, count: int) -> Watched:
    told: dict[Measure, list[int]] = {"spend": [], "latency": [], "errors": []}
    for end in range(HISTORY_HOURS, HISTORY_HOURS + count):
        for each in find(hours[end + 1 - HISTORY_HOURS : end + 1]):
            told[each.measure].append(end)
    return Watched(shape=shape, told=told)


def _told_days(watched: Watched) -> dict[Measure, int]:
    """On how many days a measure was told: once a day, however often it is found."""
    return {measure: len({end // 24 for end in ends}) for measure, ends in watched.told.items()}


def _alarms(watched: Sequence[Watched]) -> list[str]:
    weeks = len(watched) * WATCHED / WEEK
    days = [_told_days(each) for each in watched]
    return [f"{sum(each[measure] for each in days) / weeks:.2f}" for measure in days[0]]


def _series(seeds: Sequence[int], shapes: Sequence[str] = ()) -> Iterator[tuple[str, Hours]]:
    for shape, seed in product(SHAPES, seeds):
        if not shapes or shape.__name__ in shapes:
            drawn = Drawn(seed, (HISTORY_HOURS + WATCHED) // 24)
            yield shape.__name__, figures(shape(drawn), Random(seed))


def figures(spend: Series, random: Random) -> Hours:
    """Requests by the spend, with latencies that rise a little with the load, and a few errors."""
    level, base_ms, spread = fmean(spend), exp(random.uniform(log(400), log(8_000))), random.uniform(0.3, 0.9)
    failing, busy = random.uniform(0.002, 0.03), exp(random.uniform(log(30), log(600)))
    found = []
    for amount in spend:
        requests = round(busy * amount / level * random.uniform(0.85, 1.15))
        of_hour = base_ms * (1 + 0.1 * min(3, amount / level)) * random.lognormvariate(0, 0.08)
        noise = random.gauss(0, 1.25 * spread / sqrt(max(1, requests)))
        found.append(
            Figures(
                requests=requests,
                failures=sum(random.random() < failing for _ in range(requests)),
                cost_nano=round(amount * NANO),
                latency_ms=round(of_hour * exp(noise)) if requests else 0,
            )
        )
    return found
