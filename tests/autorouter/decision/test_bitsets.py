"""Sets of places as integers, against Python's own sets and sorts."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from autorouter.decision.bitsets import Order, Steps, members, set_of

PLACES = st.frozensets(st.integers(0, 500), max_size=40)
NUMBERS = st.lists(st.none() | st.integers(-3, 9), max_size=40)


@given(PLACES)
def test_a_set_has_its_members_lowest_first(places: frozenset[int]) -> None:
    assert list(members(set_of(places))) == sorted(places)


@given(NUMBERS, st.integers(-5, 11))
def test_who_has_no_number_is_among_those_with_at_least_and_at_most_any(
    numbers: Sequence[int | None], bound: int
) -> None:
    steps = Steps(numbers)
    at_least = [place for place, number in enumerate(numbers) if number is None or number >= bound]
    at_most = [place for place, number in enumerate(numbers) if number is None or number <= bound]
    assert list(members(steps.at_least(bound))) == at_least
    assert list(members(steps.at_most(bound))) == at_most


@given(st.lists(st.integers(0, 5), min_size=1, max_size=70), st.data())
def test_an_order_goes_by_level_then_by_place(levels: list[int], data: st.DataObject) -> None:
    among = data.draw(st.frozensets(st.integers(0, len(levels) - 1)))
    found = list(Order(levels).among(set_of(among)))
    assert found == sorted(among, key=lambda place: (levels[place], place))
