"""Sets of places as integers, and orders over them. Pure.

Bit n stands for place n: of a model in a ranking, place 0 being the best, or of a rule among a user's. To leave out whatever a
request rules out is then one AND for each condition, however many there are to be left out.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from operator import itemgetter
from typing import Any

_TO_TRUTH = bytes.maketrans(b"01", b"\0\1")


def set_of(places: Iterable[int]) -> int:
    found = 0
    for place in places:
        found |= 1 << place
    return found


def members(places: int) -> Iterator[int]:
    """The places of a set, lowest first."""
    while places:
        lowest = places & -places
        yield lowest.bit_length() - 1
        places ^= lowest


class Steps:
    """Who has at least, or at most, so much of something. Who has no number is among both."""

    def __init__(self, numbers: Sequence[int | None]) -> None:
        """`numbers` by place."""
        at: dict[int, int] = {}
        for place, number in enumerate(numbers):
            if number is not None:
                at[number] = at.get(number, 0) | 1 << place
        self._numbers = sorted(at)
        below = [0]
        for number in self._numbers:
            below.append(below[-1] | at[number])
        everybody, numbered = (1 << len(numbers)) - 1, below[-1]
        self._at_least = [everybody ^ lower for lower in below]
        self._at_most = [everybody ^ numbered ^ lower for lower in below]

    def at_least(self, number: int) -> int:
        return self._at_least[bisect_left(self._numbers, number)]

    def at_most(self, number: int) -> int:
        return self._at_most[bisect_right(self._numbers, number)]


class Order:
    """Another order of all places: lowest level first, then by place."""

    def __init__(self, levels: Sequence[Any]) -> None:
        """`levels` by place: anything that can be compared."""
        self.levels = levels
        self._places = sorted(range(len(levels)), key=lambda place: (levels[place], place))
        self._width = f"0{len(levels)}b"
        # One more than there are, since of a single one itemgetter makes no tuple; compress stops before it.
        self._in_order = itemgetter(*self._places, 0)

    def among(self, places: int) -> Iterator[int]:
        """Those of a set, in this order. It takes microseconds for hundreds, and next to nothing for each that is taken."""
        if not places:
            return iter(())
        flags = format(places, self._width)[::-1].encode().translate(_TO_TRUTH)
        return compress(self._places, self._in_order(flags))
