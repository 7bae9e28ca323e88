"""What the table and the encoder make of a prompt, as one. Pure."""

import math
from collections.abc import Sequence

from autorouter.classification.judged import Judged

ENCODER_SHARE = 0.7
"""Of the log probabilities; the rest is the table's."""
LEAST = 1e-6
"""No reader is surer than this that something cannot be."""


def mixed(table: Judged, encoder: Judged) -> Judged:
    """The weighted mean of both readers' log probabilities, made to add up to 1 again."""
    return Judged(
        categories=_mixed(table.categories, encoder.categories, ENCODER_SHARE),
        complexities=_mixed(table.complexities, encoder.complexities, ENCODER_SHARE),
    )


def _mixed(table: Sequence[float], encoder: Sequence[float], share: float) -> tuple[float, ...]:
    shares = [
        max(one, LEAST) ** (1 - share) * max(other, LEAST) ** share for one, other in zip(table, encoder, strict=True)
    ]
    total = math.fsum(shares)
    return tuple([share / total for share in shares])
