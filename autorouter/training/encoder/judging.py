"""Judges table and encoder side by side on prompts that neither was trained on, and says how far each is to be believed. Pure."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from autorouter.classification.judged import CATEGORIES, Judged
from autorouter.classification.mixing import IN_ENCODER, IN_TABLE, Trust, mixed
from autorouter.encoder.excerpts import HEAD_CHARS, TAIL_CHARS
from autorouter.training.encoder import calibrating, figures
from autorouter.training.encoder.calibrating import Rows
from autorouter.training.encoder.data import Labelled
from autorouter.types import COMPLEXITIES

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.01)
BASIC_LATIN_END = 0x24F
OTHER_SCRIPT_FROM = 0.3


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A prompt, and what each reader makes of it."""

    labelled: Labelled
    table: Judged
    encoder: Judged


@dataclass(frozen=True, kw_only=True, slots=True)
class Mix:
    """How far each reader is believed where both are asked."""

    table: Trust = IN_TABLE
    encoder: Trust = IN_ENCODER

    def judged(self, case: Case) -> Judged:
        return mixed(case.table, case.encoder, self.table, self.encoder)


Judge = Callable[[Case], Judged]


def asked_below(threshold: float, mix: Mix) -> Judge:
    """As requests are read: the table's word, and both where it is less sure than that."""
    return lambda case: mix.judged(case) if case.table.confidence < threshold else case.table


def answers(cases: Sequence[Case], judge: Judge) -> list[figures.Answer]:
    return [(case.labelled, judge(case)) for case in cases]


def reader_lines(cases: Sequence[Case], mix: Mix) -> Iterator[str]:
    """Each reader alone, and both, over all prompts and over those that are read with most trouble."""
    judges: Mapping[str, Judge] = {
        "table": lambda case: case.table,
        "encoder": lambda case: case.encoder,
        "both": mix.judged,
    }
    for group, of in groups(cases).items():
        for name, judge in judges.items():
            if of:
                yield f"{group}, {name}:"
                yield from figures.lines(answers(of, judge))


def groups(cases: Sequence[Case]) -> dict[str, list[Case]]:
    return {
        "all": list(cases),
        "longer than is read": [case for case in cases if len(case.labelled.text) > HEAD_CHARS + TAIL_CHARS],
        "other than Latin script": [case for case in cases if _is_other_script(case.labelled.text)],
    }


def _is_other_script(text: str) -> bool:
    letters = [ord(sign) > BASIC_LATIN_END for sign in text if sign.isalpha()]
    return bool(letters) and sum(letters) / len(letters) > OTHER_SCRIPT_FROM


def threshold_lines(cases: Sequence[Case], mix: Mix) -> Iterator[str]:
    """What asking the encoder below each threshold gives: a row of a Markdown table each."""
    yield "| asked below | of the prompts | " + " | ".join(figures.FIGURES) + " |"
    yield "|---" * (2 + len(figures.FIGURES)) + "|"
    for threshold in THRESHOLDS:
        found = answers(cases, asked_below(threshold, mix))
        share = np.mean([case.table.confidence < threshold for case in cases])
        row = " | ".join(f"{figure(found):.3f}" for figure in figures.FIGURES.values())
        yield f"| {threshold if threshold <= 1 else 'always'} | {share:.2f} | {row} |"


def halves(cases: Sequence[Case]) -> tuple[list[Case], list[Case]]:
    """The cases of every other source, and the others."""
    sources = sorted({case.labelled.source for case in cases})
    random.Random(5).shuffle(sources)  # noqa: S311 - an order, not a secret
    first = set(sources[::2])
    return [one for one in cases if one.labelled.source in first], [
        one for one in cases if one.labelled.source not in first
    ]


def temperatures(cases: Sequence[Case]) -> dict[str, float]:
    """By which the encoder's logits are to be divided, beside what its file says already."""
    categories = calibrating.weights(_categories(cases), _of(cases, "encoder", "categories"))
    complexities = calibrating.weights(_complexities(cases), _of(cases, "encoder", "complexities"))
    return {"category": 1 / categories[0], "complexity": 1 / complexities[0]}


def fitted(cases: Sequence[Case]) -> Mix:
    """The mix under which the labels are likeliest."""
    categories = calibrating.weights(_categories(cases), *(_of(cases, by, "categories") for by in READERS))
    complexities = calibrating.weights(_complexities(cases), *(_of(cases, by, "complexities") for by in READERS))
    table, encoder = (
        Trust(categories=one, complexities=two) for one, two in zip(categories, complexities, strict=True)
    )
    return Mix(table=table, encoder=encoder)


READERS = ("table", "encoder")


def _of(cases: Sequence[Case], by: str, what: str) -> Rows:
    return np.array([getattr(getattr(case, by), what) for case in cases])


def _categories(cases: Sequence[Case]) -> Rows:
    return np.array([[name == case.labelled.category for name in CATEGORIES] for case in cases], float)


def _complexities(cases: Sequence[Case]) -> Rows:
    return np.array([[name == case.labelled.complexity for name in COMPLEXITIES] for case in cases], float)
