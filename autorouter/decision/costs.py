"""What requests would likely cost at each place of a ranking: exact, in whole numbers. Pure."""

from bisect import insort
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cached_property

from autorouter.decision.bitsets import MovedSteps, Order, Reordering, Steps, members
from autorouter.decision.candidates import EXPECTED_OUTPUT_TOKENS
from autorouter.types import Constraints, Task
from models_registry.types import Price

RATE_DIGITS = 6
"""Prices are USD per 10**6 tokens."""
FEW = 24
"""So many are sooner compared each with each than walked in two orders."""
UNPRICED = Decimal(0)
"""Stands where there is no price: such a model is out for everybody, never taken for free."""


class Rates:
    """The prices by place, as whole numbers of 10**-digits USD per 1M tokens."""

    def __init__(self, prices: Sequence[Price | None], max_outputs: Sequence[int]) -> None:
        self._inputs = [price.rates.input or UNPRICED if price else UNPRICED for price in prices]
        self._outputs = [price.rates.output or UNPRICED if price else UNPRICED for price in prices]
        self._max_outputs = max_outputs
        self.digits = max(map(fraction_digits, {*self._inputs, *self._outputs}), default=0)

    @cached_property
    def inputs(self) -> list[int]:
        return [int(rate.scaleb(self.digits)) for rate in self._inputs]

    @cached_property
    def outputs(self) -> list[int]:
        return [int(rate.scaleb(self.digits)) for rate in self._outputs]

    @cached_property
    def lengths(self) -> list[int]:
        """Tokens that an answer is expected to have, where the request does not ask for fewer."""
        return [min(EXPECTED_OUTPUT_TOKENS, each) for each in self._max_outputs]

    @cached_property
    def answers(self) -> list[int]:
        """What such an answer costs."""
        return [rate * length for rate, length in zip(self.outputs, self.lengths, strict=True)]

    def whole(self, usd: Decimal) -> int:
        """An amount in the units of these costs, rounded down: no cost lies between."""
        numerator, denominator = usd.as_integer_ratio()
        units: int = 10 ** (self.digits + RATE_DIGITS)
        return numerator * units // denominator

    @cached_property
    def by_input(self) -> Order:
        return Order(list(zip(self.inputs, self.answers, strict=True)))

    @cached_property
    def by_answer(self) -> Order:
        return Order(list(zip(self.answers, self.inputs, strict=True)))

    @cached_property
    def input_steps(self) -> Steps:
        return Steps(self.inputs)

    @cached_property
    def answer_steps(self) -> Steps:
        return Steps(self.answers)


class Reordered(Rates):
    """The same by places of another order; each list is made when it is first asked for."""

    def __init__(self, rates: Rates, order: Reordering) -> None:
        self._rates = rates
        self._order = order
        self.digits = rates.digits

    @cached_property
    def inputs(self) -> list[int]:
        return self._order.listed(self._rates.inputs)

    @cached_property
    def outputs(self) -> list[int]:
        return self._order.listed(self._rates.outputs)

    @cached_property
    def lengths(self) -> list[int]:
        return self._order.listed(self._rates.lengths)

    @cached_property
    def input_steps(self) -> Steps:
        return MovedSteps(self._rates.input_steps, self._order)

    @cached_property
    def answer_steps(self) -> Steps:
        return MovedSteps(self._rates.answer_steps, self._order)


class Costs:
    """What one request would cost: its estimated prompt, and an answer of expected length. Not the ceiling that is held."""

    def __init__(self, rates: Rates, task: Task, constraints: Constraints, max_cost_usd: Decimal | None) -> None:
        self._rates = rates
        self._tokens = task.input_tokens
        self._length = min(constraints.max_output_tokens or EXPECTED_OUTPUT_TOKENS, EXPECTED_OUTPUT_TOKENS)
        self._limit = None if max_cost_usd is None else rates.whole(max_cost_usd)

    def at(self, place: int) -> int:
        rates = self._rates
        return self._tokens * rates.inputs[place] + min(rates.lengths[place], self._length) * rates.outputs[place]

    def fits(self, place: int) -> bool:
        """Whether it costs no more than it may."""
        return self._limit is None or self.at(place) <= self._limit

    def fitting(self, places: Iterable[int]) -> Iterator[int]:
        return iter(places) if self._limit is None else filter(self.fits, places)

    def narrowed(self, places: int) -> int:
        """A set without those whose prompt alone, or answer alone, costs more than it may: they need no closer look."""
        if self._limit is None:
            return places
        places &= self._rates.answer_steps.at_most(self._limit * EXPECTED_OUTPUT_TOKENS // self._length)
        return places & self._rates.input_steps.at_most(self._limit // self._tokens) if self._tokens else places

    def lowest(self, places: int, enough: int | None) -> list[int]:
        """At most `enough` of a set, the cheapest first, equals by place.

        Fagin's threshold algorithm: who comes later in the order by input price and in the one by cost of an answer cannot
        be cheaper than both orders' last ones together. (Fagin, Lotem, Naor: Optimal aggregation algorithms, PODS 2001.)
        """
        if enough is None or places.bit_count() <= FEW:
            return [place for _, place in sorted([(self.at(place), place) for place in members(places)])[:enough]]
        found: list[tuple[int, int]] = []
        seen = 0
        for last in zip(self._rates.by_input.among(places), self._rates.by_answer.among(places), strict=True):
            for place in last:
                if not seen >> place & 1:
                    seen |= 1 << place
                    insort(found, (self.at(place), place))
            if len(found) >= enough and self._is_lowest(found[enough - 1], *last):
                break
        return [place for _, place in found[:enough]]

    def _is_lowest(self, found: tuple[int, int], by_input: int, by_answer: int) -> bool:
        """Whether whoever comes later than these places in their orders is dearer, or as dear and further down."""
        cost, place = found
        rates, whole = self._rates, EXPECTED_OUTPUT_TOKENS
        least = whole * self._tokens * rates.inputs[by_input] + self._length * rates.answers[by_answer]
        # Later than one and the same place in both orders, as dear means of the same prices: and those stand by place.
        is_behind = by_input == by_answer and place <= by_input and self._tokens > 0
        return whole * cost < least or (whole * cost == least and is_behind)


def fraction_digits(number: Decimal) -> int:
    """Its decimals."""
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
