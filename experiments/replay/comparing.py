"""Recorded traffic decided again: by another release, or by the same ones to see that they decide the same. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from autorouter.decision.ranking import Rankings
from autorouter.decision.router import choose
from autorouter.decision.scoring import expected_score
from autorouter.errors import RouterError
from autorouter.types import RouterRelease
from experiments.replay import stats
from experiments.types import Flow, Report, Situation, Traffic
from models_registry.errors import ImpossibleUsage, UnknownPrice
from models_registry.prices.pricing import cost
from models_registry.types import Availability, Catalogue

Choice = str | None
"""Id of the model that is chosen, None where none could take the request."""
Moved = tuple[Choice, Choice]


class Replay:
    """A catalogue and a router release deciding over situations of any time, ranked for each availability among them."""

    def __init__(self, catalogue: Catalogue, router: RouterRelease) -> None:
        self._catalogue = catalogue
        self._router = router
        # By identity, since equal ones are one value here (see traffic); the rankings hold on to it.
        self._rankings: dict[int, Rankings] = {}

    def choices(self, situations: Sequence[Situation]) -> list[Choice]:
        """The model that each situation would get."""
        return [self.choice(each) for each in situations]

    def choice(self, situation: Situation) -> Choice:
        """The model that one situation would get. What it names and these releases do not know leads nowhere."""
        constraints = situation.constraints
        if constraints.candidates is not None:
            known = tuple(each for each in constraints.candidates if each in self._catalogue.models)
            constraints = replace(constraints, candidates=known)
        try:
            return choose(self._ranked(situation.availability), situation.task, constraints, situation.at)
        except RouterError:
            return None

    def cost_usd(self, model: Choice, situation: Situation) -> Decimal | None:
        """What the situation's tokens cost there; None where no model was chosen or its price cannot be told."""
        standing = self._ranked(situation.availability).standings(situation.at).get(model or "")
        if standing is None or standing.price is None:
            return None
        try:
            return cost(standing.price, situation.usage)
        except (UnknownPrice, ImpossibleUsage):
            return None

    def quality(self, model: str, situation: Situation) -> float:
        """The profile's score for the task: by all categories that it may be of where the record knows them, so that soft scoring
        and the exact formula are judged alike; 70 where there is none."""
        return float(expected_score(situation.task, self._router.profiles.get(model)))

    def _ranked(self, availability: Availability) -> Rankings:
        found = self._rankings.get(id(availability))
        if found is None:
            found = Rankings(catalogue=self._catalogue, router=self._router, availability=availability)
            self._rankings[id(availability)] = found
        return found


@dataclass(kw_only=True, slots=True)
class Paired:
    """One figure before and after, request by request."""

    before: list[float] = field(default_factory=list)
    after: list[float] = field(default_factory=list)

    def add(self, before: float, after: float) -> None:
        self.before.append(before)
        self.after.append(after)


def taken_by(model: str, situation: Situation) -> Situation:
    """The same request, had it asked for that model alone; all else that it asks for still holds."""
    return replace(situation, constraints=replace(situation.constraints, candidates=(model,), policy=None))


def compare(
    traffic: Traffic,
    before: tuple[Catalogue, RouterRelease],
    after: tuple[Catalogue, RouterRelease],
    instead: str = "",
) -> Report:
    """What the second pair of releases would do otherwise than the first; with `instead`, if that model took all that it can."""
    moved_to = [taken_by(instead, each) for each in traffic.situations] if instead else traffic.situations
    return between(traffic, Replay(*before), Replay(*after), moved_to)


def between(traffic: Traffic, earlier: Replay, later: Replay, asked_later: Sequence[Situation]) -> Report:
    """What the later one would do otherwise than the earlier one, where it is asked for something else."""
    choices = earlier.choices(traffic.situations), later.choices(asked_later)
    moved: Counter[Moved] = Counter()
    change: dict[Moved, Decimal] = {}
    cost_usd, quality, latency_ms = Paired(), Paired(), Paired()
    for situation, old, new in zip(traffic.situations, *choices, strict=True):
        was, now = earlier.cost_usd(old, situation), later.cost_usd(new, situation)
        if old != new:
            moved[old, new] += 1
            change[old, new] = change.get((old, new), Decimal(0)) + (now or 0) - (was or 0)
        if old is None or new is None or was is None or now is None:
            continue
        cost_usd.add(float(was), float(now))
        quality.add(earlier.quality(old, situation), later.quality(new, situation))
        if old in traffic.latency_ms and new in traffic.latency_ms:
            latency_ms.add(traffic.latency_ms[old], traffic.latency_ms[new])
    return Report(
        requests=len(traffic.situations),
        moved=moved.total(),
        is_recorded=traffic.is_recorded,
        flows=[Flow(before=each[0], after=each[1], requests=count, cost_change=change[each])
               for each, count in moved.most_common()],
        cost_usd=stats.change(cost_usd.before, cost_usd.after),
        quality=stats.change(quality.before, quality.after),
        latency_ms=stats.change(latency_ms.before, latency_ms.after) if latency_ms.before else None,
        latency_known=len(latency_ms.before),
        refused_before=choices[0].count(None),
        refused_after=choices[1].count(None),
    )  # fmt: skip
