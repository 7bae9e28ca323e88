"""Judges table and encoder side by side on prompts that neither was trained on, and says how far each is to be believed. Pure."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from autorouter.classification.judged import CATEGORIES, Judged
from autorouter.classification.mixing import Trust, is_other_script, mixed, trust
from autorouter.encoder.excerpts import HEAD_CHARS, TAIL_CHARS
from autorouter.training.encoder import calibrating, figures
from autorouter.training.encoder.calibrating import Rows
from autorouter.training.prompts import Prompt
from autorouter.training.report import Found
from autorouter.types import COMPLEXITIES

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.8, 0.9, 1.01)


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A prompt, and what each reader makes of it."""

    prompt: Prompt
    table: Judged
    encoder: Judged


Judge = Callable[[Case], Judged]


TrustOf = Callable[[str], Trust]


def always(found: Trust) -> TrustOf:
    """The same for every text."""
    return lambda _: found


def by_both(trust_of: TrustOf = trust) -> Judge:
    return lambda case: mixed(case.table, case.encoder, trust_of(case.prompt.asked[-1]))


def asked_below(threshold: float, trust_of: TrustOf = trust) -> Judge:
    """As requests are read: the table's word, and both where it is less sure than that."""
    both = by_both(trust_of)
    return lambda case: both(case) if case.table.confidence < threshold else case.table


def answers(cases: Sequence[Case], judge: Judge) -> list[Found]:
    return [(case.prompt, judge(case)) for case in cases]


def reader_lines(cases: Sequence[Case]) -> Iterator[str]:
    """Each reader alone, and both, over all prompts and over those that are read with most trouble."""
    judges: Mapping[str, Judge] = {
        "table": lambda case: case.table,
        "encoder": lambda case: case.encoder,
        "both": by_both(),
    }
    for group, of in groups(cases).items():
        for name, judge in judges.items():
            if of:
                yield f"{group}, {name}:"
                yield from figures.lines(answers(of, judge))


def groups(cases: Sequence[Case]) -> dict[str, list[Case]]:
    return {
        "all": list(cases),
        "longer than is read": [case for case in cases if len(case.prompt.asked[-1]) > HEAD_CHARS + TAIL_CHARS],
        "other than Latin script": [case for case in cases if is_other_script(case.prompt.asked[-1])],
    }


def threshold_lines(cases: Sequence[Case], trust_of: TrustOf = trust) -> Iterator[str]:
    """What asking the encoder below each threshold gives: a row of a Markdown table each."""
    yield "| asked below | of the prompts | " + " | ".join(figures.FIGURES) + " |"
    yield "|---" * (2 + len(figures.FIGURES)) + "|"
    for threshold in THRESHOLDS:
        found = answers(cases, asked_below(threshold, trust_of))
        share = np.mean([case.table.confidence < threshold for case in cases])
        row = " | ".join(f"{figure(found):.3f}" for figure in figures.FIGURES.values())
        yield f"| {threshold if threshold <= 1 else 'always'} | {share:.2f} | {row} |"


def halves(cases: Sequence[Case]) -> tuple[list[Case], list[Case]]:
    """The cases of every other source, and the others."""
    sources = sorted({case.prompt.source for case in cases})
    random.Random(5).shuffle(sources)  # noqa: S311 - an order, not a secret
    first = set(sources[::2])
    return [one for one in cases if one.prompt.source in first], [
        one for one in cases if one.prompt.source not in first
    ]


def temperatures(cases: Sequence[Case]) -> dict[str, float]:
    """By which the encoder's logits are to be divided, beside what its file says already."""
    categories = calibrating.weights(_categories(cases), _of(cases, "encoder", "categories"))
    complexities = calibrating.weights(_complexities(cases), _of(cases, "encoder", "complexities"))
    return {"category": 1 / categories[0], "complexity": 1 / complexities[0]}


def fitted(cases: Sequence[Case]) -> Trust:
    """The trust under which the labels are likeliest."""
    categories = calibrating.weights(_categories(cases), *(_of(cases, by, "categories") for by in READERS))
    complexities = calibrating.weights(_complexities(cases), *(_of(cases, by, "complexities") for by in READERS))
    table, encoder = zip(categories, complexities, strict=True)
    return Trust(table=table, encoder=encoder)


READERS = ("table", "encoder")


def _of(cases: Sequence[Case], by: str, what: str) -> Rows:
    return np.array([getattr(getattr(case, by), what) for case in cases])


def _categories(cases: Sequence[Case]) -> Rows:
    return np.array([[name == case.prompt.category for name in CATEGORIES] for case in cases], float)


def _complexities(cases: Sequence[Case]) -> Rows:
    return np.array([[name == case.prompt.complexity for name in COMPLEXITIES] for case in cases], float)
