"""Whether a cheaper model does as well for a group of requests. Pure.

Success: Newcombe's interval of the difference must not reach below the margin (non-inferiority). Cost: what a request costs at
each, as a ratio of sums with its spread between days; the interval of the difference must lie above nothing. All intervals are
as wide as it takes to hold together (Bonferroni), however many models are compared.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import hypot

from analytics.reports.types import Interval, Side
from routerhub import intervals

MIN_FINISHED, MIN_DAYS = 100, 7
"""Of each model: fewer requests, or days, say too little."""
MARGIN = 0.02
"""So much less success still counts as the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Days:
    """What one model did for a group, day by day: what was answered by it, not by the cache."""

    model: str
    requests: Sequence[int]
    cost_nano: Sequence[int]
    finished: int
    successes: int

    @property
    def is_enough(self) -> bool:
        return self.finished >= MIN_FINISHED and len(self.requests) >= MIN_DAYS and sum(self.requests) > 0

    @property
    def mean_cost_nano(self) -> float:
        return sum(self.cost_nano) / sum(self.requests)

    def side(self) -> Side:
        return Side(
            model=self.model, requests=sum(self.requests), finished=self.finished, successes=self.successes,
            cost_per_request_nano=self.mean_cost_nano, days=len(self.requests),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """A model that is used, and a cheaper one that does as well."""

    used: Days
    cheaper: Days
    success_difference: Interval
    saving_per_request_nano: Interval

    @property
    def saving_nano(self) -> Interval:
        """Of all requests that the used one answered."""
        mean, low, high = self.saving_per_request_nano
        requests = sum(self.used.requests)
        return mean * requests, low * requests, high * requests


def pairs(models: Iterable[Days]) -> Iterator[tuple[Days, Days]]:
    """Every model that enough is known of, with each one that was cheaper."""
    for used, other in permutations([each for each in models if each.is_enough], 2):
        if other.mean_cost_nano < used.mean_cost_nano:
            yield used, other


def compared(groups: Mapping[tuple[str, ...], Sequence[Days]]) -> tuple[dict[tuple[str, ...], list[Compared]], int]:
    """For each group the models that another one could stand in for, with the one that saves most; and how many pairs were
    compared to find them."""
    by_group = {group: list(pairs(models)) for group, models in groups.items()}
    count = sum(map(len, by_group.values()))
    z = intervals.z_of(2 * count)
    found = {group: _most_saving(_as_good(used, other, z) for used, other in each) for group, each in by_group.items()}
    return {group: each for group, each in found.items() if each}, count


def _as_good(used: Days, other: Days, z: float) -> Compared | None:
    success = intervals.newcombe((other.successes, other.finished), (used.successes, used.finished), z)
    saving = _saving(used, other, z)
    if success[1] < -MARGIN or saving[1] <= 0:
        return None
    return Compared(used=used, cheaper=other, success_difference=success, saving_per_request_nano=saving)


def _saving(used: Days, other: Days, z: float) -> Interval:
    """Days are taken as independent of one another, and the two models too: on the same days they move alike, so that the
    interval is rather too wide."""
    (dear, dear_error), (cheap, cheap_error) = (
        intervals.ratio(each.cost_nano, each.requests) for each in (used, other)
    )
    half = intervals.student(z, min(len(used.requests), len(other.requests)) - 1) * hypot(dear_error, cheap_error)
    return dear - cheap, dear - cheap - half, dear - cheap + half


def _most_saving(found: Iterable[Compared | None]) -> list[Compared]:
    best: dict[str, Compared] = {}
    for each in found:
        if each is not None and (each.used.model not in best or each.saving_nano > best[each.used.model].saving_nano):
            best[each.used.model] = each
    return list(best.values())
