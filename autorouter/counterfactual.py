"""What would have had to differ for the runner-up to win: each single change that would have been enough. Pure."""

from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal

from autorouter.types import Candidate, Decision

MOST_SCORE, MOST_WEIGHT, MOST_BONUS = Decimal(100), Decimal(1), Decimal(100)
CENT = Decimal("0.01")


def changes(decision: Decision) -> tuple[str, ...]:
    """Sentences, each with the figure that is and the one that would have been needed. Empty without a runner-up."""
    if len(decision.candidates) < 2:
        return ()
    winner, second = decision.candidates[:2]
    return tuple(_reasons(decision, winner, second))


def _reasons(decision: Decision, winner: Candidate, second: Candidate) -> Iterator[str]:
    wish = decision.wish
    if wish.keeps_model and winner.model == wish.previous_model:
        yield f"The conversation would have had to be a new one: it keeps {winner.model} while that model can answer."
    elif wish.policy:
        yield f"{second.model} would have to stand before {winner.model} in policy {wish.policy}, or that one be out."
    elif second.score >= winner.score:
        told = f"{_short(second.score)} to {_short(winner.score)}"
        yield f"Without {_overlay(decision)} {second.model} would have won by score, {told}."
    else:
        yield from _by_score(winner, second)


def _overlay(decision: Decision) -> str:
    wish = decision.wish
    return f"the priority {wish.priority}" if wish.priority != "balanced" else "the preferred providers"


def _by_score(winner: Candidate, second: Candidate) -> Iterator[str]:
    terms, gap = second.terms, winner.score - second.score
    factor = terms.complexity_factor * terms.tier_weight
    yield f"{second.model} was {_short(gap)} points short of {_short(winner.score)}."
    if factor > 0:
        needed = terms.category + gap / factor
        if needed <= MOST_SCORE:
            yield f"Its category score of {_short(terms.category)} would have had to be over {_up(needed)}."
        bonus = gap / factor
        if not terms.stickiness and bonus <= MOST_BONUS:
            yield f"Had it been the conversation's previous model, a stickiness bonus over {_up(bonus)} would have done."
    base = terms.category + terms.stickiness + terms.reasoning + terms.research
    if base > 0 and terms.complexity_factor > 0:
        weight = (winner.score - terms.speed) / (base * terms.complexity_factor)
        if weight <= MOST_WEIGHT:
            told = f"{_short(terms.tier_weight)}, would have had to be over {_up(weight)}"
            yield f"The weight of its {second.tier} tier, {told}."
    if gap <= MOST_BONUS:
        yield f"A speed bonus over {_up(terms.speed + gap)} in place of {_short(terms.speed)} would have done."


def _short(value: Decimal) -> str:
    return f"{round(value, 2).normalize():f}"


def _up(value: Decimal) -> str:
    """Rounded up, so that what is told would really do."""
    return f"{value.quantize(CENT, ROUND_CEILING).normalize():f}"
