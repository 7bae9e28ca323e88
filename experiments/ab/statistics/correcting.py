"""How the probability of an error is split, so that the intervals of all measures hold together. Pure."""

from collections.abc import Mapping, Sequence

from experiments.ab.statistics.sequences import ALPHA
from experiments.ab.types import Measure

MAIN_SHARE = 0.8


def alphas(main: Measure, others: Sequence[Measure], alpha: float = ALPHA) -> Mapping[Measure, float]:
    """Of each measure, with what probability its interval may ever be wrong: four fifths for the main one, the rest in equal
    parts (Bonferroni)."""
    rest = [measure for measure in dict.fromkeys(others) if measure != main]
    if not rest:
        return {main: alpha}
    return {main: MAIN_SHARE * alpha, **{measure: (1 - MAIN_SHARE) * alpha / len(rest) for measure in rest}}
