"""What the table and the encoder make of a prompt, as one. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autorouter.classification.judged import Judged


@dataclass(frozen=True, kw_only=True, slots=True)
class Trust:
    """By what a reader's log probabilities are multiplied before they are added to the other's. Two that add up to more than 1
    are right more often where they agree than each of them says; to less, they err together."""

    categories: float
    complexities: float


IN_TABLE = Trust(categories=0.3, complexities=0.3)
IN_ENCODER = Trust(categories=0.7, complexities=0.7)
LEAST = 1e-6
"""No reader is surer than this that something cannot be."""


def mixed(table: Judged, encoder: Judged, in_table: Trust = IN_TABLE, in_encoder: Trust = IN_ENCODER) -> Judged:
    """Both readers' log probabilities, weighed and added, made probabilities again."""
    return Judged(
        categories=_mixed((table.categories, in_table.categories), (encoder.categories, in_encoder.categories)),
        complexities=_mixed(
            (table.complexities, in_table.complexities), (encoder.complexities, in_encoder.complexities)
        ),
    )


def _mixed(*readers: tuple[Sequence[float], float]) -> tuple[float, ...]:
    shares = [math.prod(powers) for powers in zip(*map(_powers, readers), strict=True)]
    total = math.fsum(shares)
    return tuple([share / total for share in shares])


def _powers(reader: tuple[Sequence[float], float]) -> Iterator[float]:
    shares, trust = reader
    return (max(share, LEAST) ** trust for share in shares)
