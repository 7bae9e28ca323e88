"""The decision: walk the ranking, best first. Pure, so that the same values always give the same decision."""

from dataclasses import replace
from datetime import datetime
from itertools import islice

from autorouter.decision.bitsets import members, set_of
from autorouter.decision.candidates import Circumstances, estimated_cost_usd, exclusion
from autorouter.decision.ranking import Rankings
from autorouter.decision.walk import Walk
from autorouter.types import Candidate, Constraints, Decision, Exclusion, Task

ENOUGH = 4
"""Candidates that a request needs: three that are tried, and the runner-up."""


def decide(
    rankings: Rankings, task: Task, constraints: Constraints, now: datetime, enough: int | None = ENOUGH
) -> Decision:
    """Choose among the models. No candidate left is a decision too. Raises UnknownModel, UnknownPolicy.

    At most `enough` candidates are looked for, and who is out is told only where nobody is left. None: the whole
    explanation, every candidate and every exclusion with its reasons. Models whose circuits are open are a last resort.
    """
    decision = _decide(rankings, task, constraints, now, enough)
    if decision.candidates or not rankings.availability.open_circuits:
        return decision
    anyway = _decide(rankings.regardless_of_circuits, task, constraints, now, enough)
    if anyway.chosen is None:
        return decision
    reason = next(out.reason for out in decision.excluded if out.model == anyway.chosen.model)
    return replace(anyway, last_resort=reason)


def _decide(rankings: Rankings, task: Task, constraints: Constraints, now: datetime, enough: int | None) -> Decision:
    is_long = task.input_tokens >= rankings.router.config.long_context_threshold
    task = task if task.is_long_context == is_long else replace(task, is_long_context=is_long)
    walk = Walk(rankings, task, constraints, now)
    places = list(islice(walk.places(enough), enough))
    explains = enough is None or not places
    return Decision(
        task=task,
        constraints=constraints,
        candidates=tuple([_candidate(walk, place) for place in places]),
        excluded=_excluded(walk, walk.considered & ~set_of(places), rankings, now) if explains else (),
        considered=walk.considered.bit_count(),
        catalogue_release=rankings.catalogue.release,
        router_release=rankings.router.release,
        policy_first=walk.policy_first,
    )


def choose(rankings: Rankings, task: Task, constraints: Constraints, now: datetime) -> str | None:
    """The model that decide() chooses, None where nobody is left; without a word why. Raises as it does."""
    everybody = (rankings, rankings.regardless_of_circuits) if rankings.availability.open_circuits else (rankings,)
    for each in everybody:
        walk = Walk(each, task, constraints, now)
        if (place := next(walk.places(1), None)) is not None:
            return walk.ranking.ranked[place].standing.model.id
    return None


def _candidate(walk: Walk, place: int) -> Candidate:
    ranked, (score, terms) = walk.ranking.ranked[place], walk.scored(place)
    standing = ranked.standing
    return Candidate(
        model=standing.model.id,
        provider=standing.model.provider,
        score=score,
        tier=standing.tier,
        terms=terms,
        mean_price=standing.mean_price,
        quality=standing.quality,
        estimated_cost_usd=estimated_cost_usd(standing.model, standing.price, walk.task, walk.constraints),
        hosting=standing.hosting,
        weighted=ranked.weighted,
        evidence=walk.evidence(place),
    )


def _excluded(walk: Walk, places: int, rankings: Rankings, now: datetime) -> tuple[Exclusion, ...]:
    """Everybody of a set with every reason, by id."""
    case = Circumstances(
        catalogue=rankings.catalogue,
        config=rankings.router.config,
        availability=rankings.availability,
        task=walk.task,
        constraints=walk.constraints,
        max_cost_usd=walk.max_cost_usd,
        now=now,
    )
    models = [walk.ranking.ranked[place].standing.model for place in members(places)]
    return tuple(exclusion(model, case) for model in sorted(models, key=lambda model: model.id))
