"""Every model of a catalogue, best first for each kind of task: all of a decision that no single request changes.

Whoever holds a snapshot holds its rankings: nothing here is keyed by identity, and nothing outlives its owner.
"""

import threading
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from itertools import product

from autorouter.decision.bitsets import Reordering
from autorouter.decision.packing import Packed
from autorouter.decision.places import Ranked, Ranking
from autorouter.decision.scoring import NOTHING, RESEARCH, Shares, score_in, shares, softened, terms, weighted
from autorouter.decision.soft import SoftRanking
from autorouter.decision.standings import Standing, Standings, price_changes
from autorouter.decision.terms import Terms
from autorouter.types import CATEGORIES, COMPLEXITIES, Category, Complexity, RouterRelease, Task
from models_registry.types import Availability, Catalogue, Deployment, Model

MAX_SPANS = 4
MAX_SOFT = 256
"""Rankings by several categories that are kept, one for each set of probabilities."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A time in which no price and no deprecation begins, and what was compiled for it so far."""

    begins: datetime
    ends: datetime
    standings: Mapping[str, Standing]
    """By model id."""
    rankings: dict[tuple[Category, Complexity], Ranking] = field(default_factory=dict)
    levels: dict[Complexity, tuple[Ranking, Packed]] = field(default_factory=dict)
    """All models as if they scored the same, and what they score by category: of these rankings by several are made."""


class Rankings(Standings):
    """Every ranking of a catalogue's chat models and a router release, for what can be called at the moment.

    Each is compiled when it is first asked for; `compile_all` does that beforehand. Safe to use from several threads.
    """

    def __init__(self, *, catalogue: Catalogue, router: RouterRelease, availability: Availability) -> None:
        super().__init__(catalogue=catalogue, router=router, availability=availability)
        self._spans: tuple[Span, ...] = ()
        self._lock = threading.Lock()
        self._soft: Callable[..., SoftRanking] = lru_cache(MAX_SOFT)(self._compile_soft)

    def for_task(self, task: Task, now: datetime) -> Ranking:
        """The ranking for a task at a moment: by its category, or with soft scoring by all that it may be of."""
        if self.router.config.soft_scoring and (given := shares(task.likely)):
            return self._soft(self._span(now).begins, task.complexity, given, task.category == RESEARCH)
        return self.of(task.category, task.complexity, now)

    def of(self, category: Category, complexity: Complexity, now: datetime) -> Ranking:
        """The ranking for a kind of task at a moment."""
        span = self._span(now)
        return span.rankings.get((category, complexity)) or self._compile(span, category, complexity)

    @cached_property
    def regardless_of_circuits(self) -> "Rankings":
        """The same with every circuit closed: for a request that nobody else can take."""
        closed = replace(self.availability, open_circuits={})
        return Rankings(catalogue=self.catalogue, router=self.router, availability=closed)

    def standings(self, now: datetime) -> Mapping[str, Standing]:
        """What of each model does not depend on the task, at a moment, by id."""
        return self._span(now).standings

    def places(self, model: Model, now: datetime) -> tuple[Deployment, ...]:
        """Where a model can be called, in the order in which that is tried."""
        standing = self.standings(now).get(model.id)
        return standing.deployments if standing else self.deployments(model, now)

    def compile_all(self, now: datetime) -> None:
        """Every ranking of a moment, so that no request waits for its own. For whoever makes a snapshot."""
        self.router.success.hear(())
        for category, complexity in product(CATEGORIES, COMPLEXITIES):
            self.of(category, complexity, now).lessons(self.router, category)
        for complexity in COMPLEXITIES if self.router.config.soft_scoring else ():
            self._level(self._span(now), complexity)

    def _span(self, now: datetime) -> Span:
        for span in self._spans:
            if span.begins <= now < span.ends:
                return span
        return self._begin(now.astimezone(UTC))

    def _begin(self, now: datetime) -> Span:
        chat = {name: model for name, model in self.catalogue.models.items() if model.kind == "chat"}
        changes = sorted({*price_changes(chat.values())})
        bounds = [datetime.min.replace(tzinfo=UTC), *changes, datetime.max.replace(tzinfo=UTC)]
        at = bisect_right(changes, now)
        standings = {name: self.standing(model, now) for name, model in chat.items()}
        span = Span(begins=bounds[at], ends=bounds[at + 1], standings=standings)
        with self._lock:
            self._spans = (span, *self._spans)[:MAX_SPANS]
        return span

    def _compile(self, span: Span, category: Category, complexity: Complexity) -> Ranking:
        task = Task(category=category, complexity=complexity, input_tokens=0, needs=frozenset(), origin="given")
        ranked = [self._ranked(standing, task) for standing in span.standings.values()]
        return span.rankings.setdefault((category, complexity), Ranking(ranked))

    def _ranked(self, standing: Standing, task: Task) -> Ranked:
        found = self._terms(standing, task)
        return Ranked(standing=standing, terms=found, score=found.score)

    def _terms(self, standing: Standing, task: Task) -> Terms:
        model = standing.model
        return terms(model, self.router.profiles.get(model.id), standing.tier, task, None, self.router.config)

    def _level(self, span: Span, complexity: Complexity) -> tuple[Ranking, Packed]:
        if complexity in span.levels:
            return span.levels[complexity]
        task = Task(category=RESEARCH, complexity=complexity, input_tokens=0, needs=frozenset(), origin="given")
        ranked = [
            Ranked(standing=each, terms=replace(self._terms(each, task), category=NOTHING), score=NOTHING)
            for each in span.standings.values()
        ]
        level = Ranking(ranked)
        return span.levels.setdefault(complexity, (level, self._packed(level)))

    def _packed(self, level: Ranking) -> Packed:
        profiles = [self.router.profiles.get(each.standing.model.id) for each in level.ranked]
        apart = [replace(each.terms, research=NOTHING) for each in level.ranked]
        return Packed(
            {category: [replace(each, category=score_in(category, profile)).score
                        for each, profile in zip(apart, profiles, strict=True)] for category in CATEGORIES},
            research=[each.terms.score - alone.score for each, alone in zip(level.ranked, apart, strict=True)],
        )  # fmt: skip

    def _compile_soft(self, at: datetime, complexity: Complexity, given: Shares, is_research: bool) -> SoftRanking:
        level, packed = self._level(self._span(at), complexity)

        def ranked(each: Ranked) -> Ranked:
            scores = weighted(given, self.router.profiles.get(each.standing.model.id))
            found = softened(each.terms, scores, is_research)
            return Ranked(standing=each.standing, terms=found, score=found.score, weighted=scores)

        return SoftRanking(level, Reordering(packed.last_first(given, is_research)), ranked)
