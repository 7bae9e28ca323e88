"""What would have had to differ for the runner-up to win: each single change that would have been enough. Pure.

Only what follows from the decision itself is said: where an overlay (session, policy, priority, preference) put the winner
first, no change of score is promised that the overlay would outdo.
"""

from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, Decimal

from autorouter.decision.explain import counting, is_led, led_words
from autorouter.decision.terms import Terms
from autorouter.types import Candidate, Constraints, Decision

MAX_SCORE, MAX_WEIGHT, MAX_BONUS = Decimal(100), Decimal(1), Decimal(100)
CENT = Decimal("0.01")


def changes(decision: Decision) -> tuple[str, ...]:
    """Sentences, each with the figure that is and the one that would have been needed. Empty without a runner-up.

    The decision was made with enough=None: a lever that lifts others too must not be promised.
    """
    if len(decision.candidates) < 2:
        return ()
    return tuple(_reasons(decision))


def _reasons(decision: Decision) -> Iterator[str]:
    constraints, candidates = decision.constraints, decision.candidates
    winner, second = candidates[:2]
    if constraints.shares_decision and winner.model == constraints.previous_model:
        yield f"{second.model} would have to be decided for, for all requests of the batch that are like this one."
    elif constraints.keeps_model and winner.model == constraints.previous_model and winner.terms.stickiness:
        yield _by_session(winner, second, constraints)
    elif is_led(winner, constraints) and not is_led(second, constraints):
        yield f"{second.model} is behind {led_words(constraints)}: a test's variant puts {winner.model} first."
    elif constraints.policy:
        first = decision.policy_first
        order = f", of which a {decision.task.complexity} task tries the {first} first" if first else ""
        where = f"in policy {constraints.policy}{order}{counting(constraints)}"
        yield f"{second.model} would have to stand before {winner.model} {where}, or that one be out."
    elif constraints.priority != "balanced" or _prefers(constraints):
        yield _overlaid(constraints, candidates)
    elif second.score == winner.score:
        yield f"They tie at {_short(winner.score)}: the lower mean price, then the id decided, so any more would have done."
    else:
        yield f"{second.model} was {_short(winner.score - second.score)} points short of {_short(winner.score)}."
        yield from _levers(candidates)


def _prefers(constraints: Constraints) -> bool:
    return bool(constraints.preferred_providers or constraints.preferred_models)


def _by_session(winner: Candidate, second: Candidate, constraints: Constraints) -> str:
    """A kept model loses its bonus in a new conversation, and may still lead."""
    terms = winner.terms
    alone = winner.score - terms.stickiness * terms.complexity_factor * terms.tier_weight
    if (
        not constraints.policy
        and constraints.priority == "balanced"
        and not _prefers(constraints)
        and second.score <= alone
    ):
        return f"The conversation keeps {winner.model}, which leads by score as well."
    return f"The conversation would have had to be a new one: it keeps {winner.model} while that model can answer."


def _overlaid(constraints: Constraints, candidates: Sequence[Candidate]) -> str:
    winner, second = candidates[:2]
    overlay = (
        f"the priority {constraints.priority}" if constraints.priority != "balanced" else "the preferred providers"
    )
    leads = min(candidates, key=lambda each: (-each.score, each.mean_price, each.model)) is second
    if leads and not (constraints.priority != "balanced" and _prefers(constraints)):
        scores = f"{_short(second.score)} to {_short(winner.score)}"
        return f"Without {overlay} {second.model} would have won by score, {scores}."
    return f"By {overlay} {winner.model} stands first among the models near the best score, whatever {second.model} scores there."


def _levers(candidates: Sequence[Candidate]) -> Iterator[str]:
    """Single changes of what the runner-up's score is made of. Those that could not be set are left out."""
    winner, second = candidates[:2]
    terms, gap = second.terms, winner.score - second.score
    factor = terms.complexity_factor * terms.tier_weight
    reached = terms.category + terms.learned
    if factor > 0 and (needed := reached + gap / factor) <= MAX_SCORE:
        yield f"{_reached(second)} would have had to be over {_up(needed)}."
    if factor > 0 and not terms.stickiness and not winner.terms.stickiness and (bonus := gap / factor) <= MAX_BONUS:
        yield f"Had it been the conversation's previous model, a stickiness bonus over {_up(bonus)} would have done."
    if (weight := _weight(candidates)) is not None:
        own = f"The weight of its {second.tier} tier, {_short(terms.tier_weight)},"
        yield f"{own} would have had to be over {_up(weight)}."
    if gap <= MAX_BONUS:
        yield f"A speed bonus over {_up(terms.speed + gap)} in place of {_short(terms.speed)} would have done."


def _reached(candidate: Candidate) -> str:
    """What its category counts. What was learned would be other points for another score, so of it only the sum is told."""
    terms = candidate.terms
    if terms.learned:
        return f"Its category with what was learned, {_short(terms.category + terms.learned)},"
    if candidate.weighted:
        return f"The mean of its category scores, {_short(terms.category)},"
    return f"Its category score of {_short(terms.category)}"


def _weight(candidates: Sequence[Candidate]) -> Decimal | None:
    """The weight of the runner-up's tier from which on it wins; None where there is none that lifts it alone."""
    winner, second, *others = candidates
    terms = second.terms
    if second.tier == winner.tier or _base(terms) * terms.complexity_factor <= 0:
        return None
    weight = (winner.score - terms.speed) / (_base(terms) * terms.complexity_factor)
    lifted = [_score_at(each.terms, weight + CENT) for each in others if each.tier == second.tier]
    return weight if weight <= MAX_WEIGHT and all(score < winner.score for score in lifted) else None


def _base(terms: Terms) -> Decimal:
    return terms.category + terms.learned + terms.stickiness + terms.reasoning + terms.research


def _score_at(terms: Terms, weight: Decimal) -> Decimal:
    return _base(terms) * terms.complexity_factor * weight + terms.speed


def _short(value: Decimal) -> str:
    return f"{round(value, 2).normalize():f}"


def _up(value: Decimal) -> str:
    """Rounded up, so that it would really do."""
    return f"{value.quantize(CENT, ROUND_CEILING).normalize():f}"
