"""Recorded traffic decided again: by another release, or by the same ones to see that they decide the same. Pure.

Thousands of requests come down to few different situations, so that each of these is decided once.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from autorouter.decision.router import decide
from autorouter.errors import RouterError
from autorouter.types import RouterRelease, Task
from experiments.replay import stats
from experiments.types import Flow, Report, Situation, Traffic
from models_registry.deployments import effective_deployments
from models_registry.errors import ImpossibleUsage, UnknownPrice
from models_registry.prices.pricing import cost, price_at
from models_registry.types import Catalogue

DEFAULT_SCORE = Decimal(70)
Choice = str | None
"""Id of the model that is chosen, None where none could take the request."""


def choices(traffic: Sequence[Situation], catalogue: Catalogue, router: RouterRelease) -> list[Choice]:
    """The model that each situation would get."""
    steps, days = _context_steps(catalogue, router), _Days(catalogue)
    memory: dict[Any, Choice] = {}
    found = []
    for each in traffic:
        key = (*_key(each, steps), days.of(each.at))
        if key not in memory:
            memory[key] = choose(each, catalogue, router)
        found.append(memory[key])
    return found


def choose(situation: Situation, catalogue: Catalogue, router: RouterRelease) -> Choice:
    """The model that one situation would get. What it names and this release does not know leads nowhere."""
    constraints = situation.constraints
    if constraints.candidates is not None:
        constraints = replace(
            constraints, candidates=tuple(each for each in constraints.candidates if each in catalogue.models)
        )
    try:
        decision = decide(catalogue, router, situation.task, constraints, situation.availability, situation.at)
    except RouterError:
        return None
    return decision.chosen.model if decision.chosen else None


def _context_steps(catalogue: Catalogue, router: RouterRelease) -> list[int]:
    """The sizes at which some model's window is passed: between two of them every size is decided alike."""
    buffer = router.config.context_buffer
    return sorted({int(model.context_window / buffer) for model in catalogue.models.values()})


def _key(situation: Situation, steps: Sequence[int]) -> tuple[Any, ...]:
    """Whatever a decision looks at but the moment. The exact size only where money makes it count."""
    task, constraints, availability = situation.task, situation.constraints, situation.availability
    counts_money = (
        constraints.max_cost_usd is not None or constraints.policy is not None or constraints.priority == "cost"
    )
    size = task.input_tokens if counts_money else bisect_left(steps, task.input_tokens)
    return (task.category, task.complexity, task.needs, size, constraints, id(availability))


class _Days:
    """Spans of time in which no price and no status of a catalogue changes: days, cut where a price begins."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._begins = sorted(
            {price.effective_from for model in catalogue.models.values() for place in model.deployments
             for price in place.prices}
        )  # fmt: skip

    def of(self, at: datetime) -> tuple[date, int]:
        return at.date(), bisect_right(self._begins, at)


def compare(
    traffic: Traffic, before: tuple[Catalogue, RouterRelease], after: tuple[Catalogue, RouterRelease]
) -> Report:
    """What the second pair of releases would do otherwise than the first."""
    earlier, later = choices(traffic.situations, *before), choices(traffic.situations, *after)
    costs = _Costs()
    flows: Counter[tuple[Choice, Choice]] = Counter()
    change: dict[tuple[Choice, Choice], Decimal] = {}
    paid: tuple[list[float], list[float]] = ([], [])
    quality: tuple[list[float], list[float]] = ([], [])
    latency: tuple[list[float], list[float]] = ([], [])
    for situation, old, new in zip(traffic.situations, earlier, later, strict=True):
        was, now = costs.of(before[0], old, situation), costs.of(after[0], new, situation)
        if old != new:
            flows[old, new] += 1
            change[old, new] = change.get((old, new), Decimal(0)) + (now or 0) - (was or 0)
        if was is not None and now is not None and old and new:
            _add(paid, float(was), float(now))
            _add(
                quality,
                *(
                    float(score_of(*pair))
                    for pair in ((before[1], old, situation.task), (after[1], new, situation.task))
                ),
            )
            if old in traffic.latency_ms and new in traffic.latency_ms:
                _add(latency, traffic.latency_ms[old], traffic.latency_ms[new])
    return Report(
        requests=len(earlier),
        moved=sum(flows.values()),
        is_recorded=traffic.is_recorded,
        flows=[
            Flow(before=old, after=new, requests=count, cost_change=change[old, new])
            for (old, new), count in flows.most_common()
        ],
        cost_usd=stats.change(*paid),
        quality=stats.change(*quality),
        latency_ms=stats.change(*latency) if latency[0] else None,
        latency_known=len(latency[0]),
        refused_before=earlier.count(None),
        refused_after=later.count(None),
    )


def _add(pair: tuple[list[float], list[float]], before: float, after: float) -> None:
    pair[0].append(before)
    pair[1].append(after)


def score_of(router: RouterRelease, model: str, task: Task) -> Decimal:
    """The profile's score for the task's category, 70 where there is none."""
    profile = router.profiles.get(model)
    score = profile.categories.get(task.category) if profile else None
    return score.value if score else DEFAULT_SCORE


class _Costs:
    """What the same tokens cost at another model. Prices of a day are looked up once."""

    def __init__(self) -> None:
        self._prices: dict[Any, Any] = {}
        self._days: dict[int, _Days] = {}

    def of(self, catalogue: Catalogue, model: Choice, situation: Situation) -> Decimal | None:
        """USD; None where no model was chosen or its price cannot be told."""
        if model is None:
            return None
        if id(catalogue) not in self._days:
            self._days[id(catalogue)] = _Days(catalogue)
        days = self._days[id(catalogue)]
        key = (id(catalogue), model, id(situation.availability), days.of(situation.at))
        if key not in self._prices:
            self._prices[key] = _price(catalogue, model, situation)
        try:
            return cost(self._prices[key], situation.usage) if self._prices[key] else None
        except (UnknownPrice, ImpossibleUsage):
            return None


def _price(catalogue: Catalogue, model: str, situation: Situation) -> Any:
    known = catalogue.models[model]
    places = effective_deployments(known, situation.availability) or known.deployments
    try:
        return price_at(places[0].prices, situation.at) if places else None
    except UnknownPrice:
        return None
