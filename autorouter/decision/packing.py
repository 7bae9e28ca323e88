"""The scores of many models in every category as single large numbers, so that their weighted means are made in microseconds.
Pure and exact: whole numbers throughout.

The scores of a category stand side by side in one number, each in a field of its own as wide as any mean can be. To multiply that
number by a share, and to add those of other categories, multiplies and adds them all at once.
"""

import struct
from collections.abc import Mapping, Sequence
from decimal import Decimal

from autorouter.decision.costs import fraction_digits
from autorouter.decision.scoring import WHOLE, Shares
from autorouter.types import Category

FIELD = 8
"""Bytes of a field at least: those are taken apart at once."""


class Packed:
    """Scores by category, then by place."""

    def __init__(self, scores: Mapping[Category, Sequence[Decimal]], research: Sequence[Decimal]) -> None:
        """`research` is what is added to each score where a task is research."""
        every = {*research, *(each for some in scores.values() for each in some)}
        self._digits = max(map(fraction_digits, every), default=0)
        whole = {category: [self._whole(each) for each in some] for category, some in scores.items()}
        added = [self._whole(each) * WHOLE for each in research]
        lowest = min(min(some, default=0) for some in whole.values())
        largest = max(max(some, default=0) - lowest for some in whole.values()) * WHOLE + max(added, default=0)
        self._field = max(FIELD, (largest.bit_length() + 7) // 8)
        self._count = len(research)
        self._research = self._packed(added)
        # Nothing below 0, or a field would borrow of the next; the same for all leaves their order as it is.
        self._scores = {category: self._packed([each - lowest for each in some]) for category, some in whole.items()}

    def last_first(self, shares: Shares, is_research: bool) -> list[int]:
        """The places from the lowest mean to the highest, equals from the last to the first; counted from the end."""
        total = sum(
            [share * self._scores[category] for category, share in shares], self._research if is_research else 0
        )
        means = self._unpacked(total.to_bytes(self._field * self._count, "little"))
        return sorted(range(self._count), key=means.__getitem__)

    def _whole(self, score: Decimal) -> int:
        return int(score.scaleb(self._digits))

    def _packed(self, values: Sequence[int]) -> int:
        """The last place in the lowest field."""
        return int.from_bytes(b"".join([each.to_bytes(self._field, "little") for each in reversed(values)]), "little")

    def _unpacked(self, raw: bytes) -> Sequence[int]:
        if self._field == FIELD:
            return struct.unpack(f"<{self._count}Q", raw)
        return [int.from_bytes(raw[at : at + self._field], "little") for at in range(0, len(raw), self._field)]
