"""How the probability of an error is split, so that the intervals of all measures hold together. Pure."""

from collections.abc import Mapping, Sequence

from experiments.ab.statistics.measures import LABELS
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


def said(of: Mapping[Measure, float]) -> str:
    """What `alphas` gave, as a sentence beside the intervals."""
    sure = f"at every look with {100 * (1 - sum(of.values())):.3g} % probability"
    if len(of) == 1:
        return f"The interval holds {sure}."
    (main, of_main), *rest = of.items()
    *first, last = (LABELS[measure].lower() for measure, _ in rest)
    names = f"{', '.join(first)} and {last}" if first else last
    each = f"{100 * (1 - of_main):.3g} % for {LABELS[main].lower()}, {100 * (1 - rest[0][1]):.3g} % for {names}"
    return f"All {len(of)} intervals hold together {sure}: {each}."
