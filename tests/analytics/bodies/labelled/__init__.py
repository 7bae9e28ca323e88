"""Sentences in which what is to be taken out is marked, and how much of it is found.

In the files, ⟦kind|text⟧ is to be found, ⟦text⟧ only looks like it, ↵ and ⇥ stand for a new line and a tab, and · for nothing: it
keeps made-up keys from looking like lost ones to whoever searches this repository for these. `said` has what the detectors were
written with and `harmless` what they must leave alone. `unseen` was written when they were done, and changed nothing in them.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analytics.bodies.redaction.texts import spans
from analytics.bodies.redaction.types import Span

FOLDER = Path(__file__).parent
REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "BR", "IN")
MARK = re.compile(r"⟦(?:([a-z ]+)\|)?(.*?)⟧", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    text: str
    marked: Sequence[Span]
    harmless: int
    """How many things in it only look like something."""


@dataclass(kw_only=True)
class Figures:
    """By kind."""

    found: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    """What was taken out though nothing is marked there."""

    def recall(self, kind: str) -> float:
        return self.found[kind] / max(1, self.found[kind] + self.missed[kind])

    def precision(self, kind: str) -> float:
        return self.found[kind] / max(1, self.found[kind] + self.wrong[kind])


def sentences(name: str) -> Iterator[Sentence]:
    for line in (FOLDER / f"{name}.txt").read_text().splitlines():
        yield _sentence(line.replace("·", "").replace("↵", "\n").replace("⇥", "\t"))


def _sentence(line: str) -> Sentence:
    text, at, harmless = "", 0, 0
    marked: list[Span] = []
    for match in MARK.finditer(line):
        text += line[at : match.start()]
        if match[1]:
            marked.append(Span(kind=match[1], start=len(text), end=len(text) + len(match[2])))  # type: ignore[arg-type]
        else:
            harmless += 1
        text, at = text + match[2], match.end()
    return Sentence(text=text + line[at:], marked=marked, harmless=harmless)


def measured(*names: str) -> Figures:
    """Something is found where all of it is taken out, under whichever kind."""
    figures = Figures()
    for sentence in (each for name in names for each in sentences(name)):
        taken = spans(sentence.text, REGIONS)
        for marked in sentence.marked:
            is_found = any(each.start <= marked.start and marked.end <= each.end for each in taken)
            (figures.found if is_found else figures.missed)[marked.kind] += 1
        for each in taken:
            if not any(marked.start < each.end and each.start < marked.end for marked in sentence.marked):
                figures.wrong[each.kind] += 1
    return figures
