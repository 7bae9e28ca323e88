"""What the table and the encoder make of a prompt, as one. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autorouter.classification.judged import Judged

LEAST = 1e-6
"""No reader is surer than this that something cannot be."""
LATIN_END = "\u024f"
OTHER_SCRIPT_FROM = 0.3
"""Of the letters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trust:
    """By what each reader's log probabilities of categories and of complexities are multiplied before they are added. Where both
    come to more than 1, readers who agree are right more often than each of them says."""

    table: tuple[float, float]
    encoder: tuple[float, float]


LATIN = Trust(table=(0.39, 0.20), encoder=(0.74, 0.88))
"""As `manage.py judge_encoder` fitted it on sources that neither was trained on (docs/encoder-card.md)."""
OTHER_SCRIPTS = Trust(table=(0.7, 0.5), encoder=(0.3, 0.5))
"""The encoder's base knows English; where it knows single letters at most, the table is right more often."""


def trust(text: str) -> Trust:
    """How far the readers of this text are believed."""
    return OTHER_SCRIPTS if is_other_script(text) else LATIN


def is_other_script(text: str) -> bool:
    """Whether a good part of its letters is not Latin."""
    if text.isascii():
        return False
    letters = [sign > LATIN_END for sign in text if sign.isalpha()]
    return sum(letters) > OTHER_SCRIPT_FROM * len(letters)


def mixed(table: Judged, encoder: Judged, trust: Trust = LATIN) -> Judged:
    """Both readers' log probabilities, weighed and added, made probabilities again."""
    (in_table, complexity_in_table), (in_encoder, complexity_in_encoder) = trust.table, trust.encoder
    return Judged(
        categories=_mixed((table.categories, in_table), (encoder.categories, in_encoder)),
        complexities=_mixed((table.complexities, complexity_in_table), (encoder.complexities, complexity_in_encoder)),
    )


def _mixed(*readers: tuple[Sequence[float], float]) -> tuple[float, ...]:
    shares = [math.prod(powers) for powers in zip(*map(_powers, readers), strict=True)]
    total = math.fsum(shares)
    return tuple([share / total for share in shares])


def _powers(reader: tuple[Sequence[float], float]) -> Iterator[float]:
    shares, power = reader
    return (max(share, LEAST) ** power for share in shares)
