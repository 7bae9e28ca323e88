"""Sets of places as integers, and orders over them. Pure.

Bit n stands for place n: of a model in a ranking, place 0 being the best, or of a rule among a user's. To leave out whatever a
request rules out is then one AND for each condition, however many there are to be left out.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import compress
from operator import itemgetter
from typing import Any, TypeVar

Item = TypeVar("Item")
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


class Lazily(Sequence[Item]):
    """A sequence whose items are made when they are first asked for, by their index."""

    def __init__(self, make: Callable[[int], Item], length: int) -> None:
        self._make = make
        self._length = length
        self._made: dict[int, Item] = {}

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, at: Any) -> Any:
        if at not in self._made:
            if at >= self._length:
                raise IndexError(at)
            self._made[at] = self._make(at)
        return self._made[at]


class Reordering:
    """Where the places of one order stand in another one."""

    def __init__(self, last_first: Sequence[int]) -> None:
        """`last_first` from the last place to the first: which place that is in the first order, counted from its end too. So
        the digits of a set, which begin with the last place, are picked as they come."""
        self._last_first = last_first
        self._last = len(last_first) - 1
        self._width = f"0{len(last_first)}b"

    def __len__(self) -> int:
        return len(self._last_first)

    def before(self, place: int) -> int:
        """The place in the first order of who stands at this one."""
        return self._last - self._last_first[self._last - place]

    def after(self, place: int) -> int:
        """Where who stands at this place of the first order stands."""
        return self._last - self._last_first.index(self._last - place)

    def moved(self, places: int) -> int:
        """A set of the first order's places."""
        return int("".join(self._picked(format(places, self._width))), 2) if places else 0

    def listed(self, values: Sequence[Item]) -> list[Item]:
        """What is listed by places of the first order."""
        return [*self._picked(values[::-1])][::-1]

    @cached_property
    def _picked(self) -> Callable[[Any], Iterable[Any]]:
        # Of a single one itemgetter makes no tuple.
        return itemgetter(*self._last_first) if self._last > 0 else tuple


class MovedSteps(Steps):
    """The same by places of another order."""

    def __init__(self, steps: Steps, order: Reordering) -> None:
        self._steps = steps
        self._order = order

    def at_least(self, number: int) -> int:
        return self._order.moved(self._steps.at_least(number))

    def at_most(self, number: int) -> int:
        return self._order.moved(self._steps.at_most(number))


class Order:
    """Another order of all places: lowest level first, then by place."""

    def __init__(self, levels: Sequence[Any]) -> None:
        """`levels` by place: anything that can be compared."""
        self.levels = levels
        self._places = sorted(range(len(levels)), key=levels.__getitem__)
        self._width = f"0{len(levels)}b"
        # One more than there are, since of a single one itemgetter makes no tuple; compress stops before it.
        self._in_order = itemgetter(*self._places, 0)

    def among(self, places: int) -> Iterator[int]:
        """Those of a set, in this order. It takes microseconds for hundreds, and next to nothing for each that is taken."""
        if not places:
            return iter(())
        flags = format(places, self._width)[::-1].encode().translate(_TO_TRUTH)
        return compress(self._places, self._in_order(flags))
