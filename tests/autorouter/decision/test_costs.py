"""Costs are compared in whole numbers, exactly, and the cheapest are found without a look at everybody."""

from collections.abc import Iterator
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autorouter.decision import costs as costs_module
from autorouter.decision.bitsets import members, set_of
from autorouter.decision.costs import Costs, Rates
from autorouter.types import Constraints, Task
from models_registry.types import Price
from tests.autorouter.fakes import price, task

RATES = ["0", "0.05", "0.0375", "1", "1.000000001", "2.5", "30", "1000000"]


def prices(random: Random, count: int) -> list[Price | None]:
    return [price(random.choice(RATES), random.choice(RATES)) if random.random() < 0.95 else None for _ in range(count)]


def exact(given_price: Price | None, max_output: int, asked: Task, constraints: Constraints) -> Decimal:
    """USD."""
    if given_price is None:
        return Decimal(0)
    assert given_price.rates.input is not None
    assert given_price.rates.output is not None
    output = min(500, max_output, constraints.max_output_tokens or 500)
    return (asked.input_tokens * given_price.rates.input + output * given_price.rates.output) / 1_000_000


@given(st.randoms(use_true_random=True))
def test_the_cheapest_are_those_of_a_sort_by_exact_cost_then_place(random: Random) -> None:
    count = random.choice([1, 3, 30, 90])
    known = prices(random, count)
    lengths = [random.choice([0, 100, 500, 8_000]) for _ in known]
    rates = Rates(known, lengths)
    for _ in range(6):
        asked = task(input_tokens=random.choice([0, 1, 1_000, 10**9]))
        constraints = Constraints(max_output_tokens=random.choice([None, 0, 1, 250, 501]))
        limit = random.choice([None, Decimal("0.001"), Decimal("0.5000000000000000001")])
        costs = Costs(rates, asked, constraints, limit)
        among = set_of(place for place in range(count) if random.random() < 0.8)
        usd = [exact(each, length, asked, constraints) for each, length in zip(known, lengths, strict=True)]
        expected = sorted(members(among), key=lambda place, usd=usd: (usd[place], place))  # type: ignore[misc]
        for enough in (1, 2, 4, None):
            assert costs.lowest(among, enough) == expected[:enough]
        fitting = [place for place in members(among) if limit is None or usd[place] <= limit]
        assert list(costs.fitting(members(among))) == fitting
        narrowed = costs.narrowed(among)
        assert narrowed & ~among == 0
        assert set(fitting) <= set(members(narrowed)), "who fits is never left out"


@pytest.fixture(autouse=True, scope="module")
def never_few() -> Iterator[None]:
    """Small sets are walked in two orders too, so that the walk is tried on what can be worked out by hand."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(costs_module, "FEW", 0)
        yield


@settings(max_examples=300)
@given(st.randoms(use_true_random=True))
def test_ties_of_different_prices_go_by_place_too(random: Random) -> None:
    """A token in and a token out, at whole prices of few dollars: many models cost the same in different ways."""
    count = random.randint(1, 14)
    known: list[Price | None] = [price(f"{random.randint(0, 6)}", f"{random.randint(0, 6)}") for _ in range(count)]
    costs = Costs(Rates(known, [1] * count), task(input_tokens=1), Constraints(), None)
    everybody = (1 << count) - 1
    expected = sorted(range(count), key=lambda place: (costs.at(place), place))
    for enough in range(1, count + 1):
        assert costs.lowest(everybody, enough) == expected[:enough]


@pytest.mark.parametrize("equal", [("1", "3"), ("0", "0")])
def test_equals_go_by_place_and_few_of_them_are_looked_at(equal: tuple[str, str]) -> None:
    rates = Rates([price(*equal)] * 400, [8_000] * 400)
    costs = Costs(rates, task(), Constraints(), None)
    looked_at: list[int] = []
    at = costs.at
    costs.at = lambda place: looked_at.append(place) or at(place)  # type: ignore[method-assign, func-returns-value]
    assert costs.lowest((1 << 400) - 1, 4) == [0, 1, 2, 3]
    assert len(looked_at) <= 8


def test_the_cheapest_of_many_different_prices_are_found_without_a_look_at_most() -> None:
    random = Random(3)
    known: list[Price | None] = [
        price(f"{random.uniform(0.1, 20):.4f}", f"{random.uniform(0.1, 80):.4f}") for _ in range(400)
    ]
    costs = Costs(Rates(known, [8_000] * 400), task(), Constraints(), None)
    looked_at: list[int] = []
    at = costs.at
    costs.at = lambda place: looked_at.append(place) or at(place)  # type: ignore[method-assign, func-returns-value]
    assert len(costs.lowest((1 << 400) - 1, 4)) == 4
    assert len(looked_at) < 100
