"""Regions as sets: what may be used, what lies within it, and what two restrictions have in common."""

import pytest

from routerhub.regions import Regions, is_within, problem, restriction, strictest

EU, US, BOTH = frozenset({"eu"}), frozenset({"us"}), frozenset({"eu", "us"})


@pytest.mark.parametrize(
    ("place", "allowed", "is_in"),
    [(("eu",), None, True), ((), None, True), (("eu",), EU, True), (("eu", "us"), EU, False), (("eu", "us"), BOTH, True),
     ((), EU, False), (("us",), EU, False), (("eu",), frozenset(), False)],
)  # fmt: skip
def test_a_place_is_within_where_all_of_its_regions_are_known_and_allowed(
    place: tuple[str, ...], allowed: Regions, is_in: bool
) -> None:
    assert is_within(place, allowed) is is_in


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [(None, None, None), (EU, None, EU), (None, US, US), (BOTH, EU, EU), (EU, US, frozenset()), (frozenset(), None, frozenset())],
)  # fmt: skip
def test_two_restrictions_allow_what_they_have_in_common(one: Regions, other: Regions, both: Regions) -> None:
    assert strictest(one, other) == both


def test_an_empty_list_restricts_nothing() -> None:
    assert (restriction([]), restriction(["eu", "eu"])) == (None, EU)


def test_a_bad_name_is_told_with_what_to_write() -> None:
    assert problem(["eu", "us-east-1"]) == ""
    told = "'EU West' is no name of a region: write up to 32 lower-case letters, digits and hyphens, such as eu or us-east-1."
    assert problem(["eu", "EU West"]) == told
    assert problem(["a" * 32]) == "" != problem(["a" * 33])
    assert problem([f"r{n}" for n in range(21)]) == "21 regions were given; allowed are 20."
