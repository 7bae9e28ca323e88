"""Orders move by what was measured: never by little evidence, never further than allowed, never to and fro."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autorouter.decision.ordering import Bounds, Measured, adjust, interval, shifted

BOUNDS = Bounds(min_requests=50, max_places=2, margin=0.05)
ABC = ("a", "b", "c")


def measured(requests: int, rate: float) -> Measured:
    return Measured(requests=requests, successes=round(requests * rate))


def places(rates: dict[str, Measured], before: dict[str, int] | None = None, bounds: Bounds = BOUNDS) -> dict[str, int]:
    return {model: shift.places for model, shift in adjust(ABC, rates, before or {}, bounds).items()}


# --- the order


@pytest.mark.parametrize(
    ("shifts", "order"),
    [
        ({}, "abcde"),
        ({"a": 0}, "abcde"),
        ({"a": 1}, "bacde"),
        ({"a": 2}, "bcade"),
        ({"e": -1}, "abced"),
        ({"c": -2}, "cabde"),
        ({"a": -3}, "abcde"),
        ({"e": 3}, "abcde"),
        ({"a": 99}, "bcdea"),
        ({"e": -99}, "eabcd"),
        ({"a": 1, "b": 1}, "acbde"),
        ({"d": -1, "e": -1}, "abdce"),
        ({"a": 1, "b": -1}, "bacde"),
        ({"b": 2, "d": -2}, "adcbe"),
        ({"a": 4, "b": 3}, "cdeab"),
        ({"z": 1}, "abcde"),
    ],
)
def test_models_move_by_their_places(shifts: dict[str, int], order: str) -> None:
    at_home = {model: moved for model, moved in shifts.items() if model in "abcde"}
    assert "".join(shifted("abcde", at_home)) == order


@given(st.lists(st.integers(), unique=True, max_size=8).map(lambda ids: [f"{each}" for each in ids]), st.data())
def test_one_model_moves_exactly_its_places_and_the_others_keep_their_order(
    order: list[str], data: st.DataObject
) -> None:
    assert list(shifted(order, {})) == order
    if not order:
        return
    at = data.draw(st.integers(0, len(order) - 1))
    by = data.draw(st.integers(-10, 10))
    moved = list(shifted(order, {order[at]: by}))
    assert moved.index(order[at]) == max(0, min(len(order) - 1, at + by))
    assert [each for each in moved if each != order[at]] == [each for each in order if each != order[at]]


@given(st.dictionaries(st.sampled_from("abcdefg"), st.integers(-9, 9)))
def test_moving_many_loses_and_doubles_none(shifts: dict[str, int]) -> None:
    assert sorted(shifted("abcdefg", shifts)) == list("abcdefg")


# --- the interval


@pytest.mark.parametrize(
    ("successes", "requests", "low", "high"),
    [
        # 8 of 10, z 1.96: centre (0.8 + 0.19208) / 1.38416 = 0.7167, half 1.96 sqrt(0.016 + 0.009604) / 1.38416 = 0.2266.
        (8, 10, 0.490, 0.943),
        (0, 10, 0.000, 0.278),
        (10, 10, 0.722, 1.000),
        (50, 100, 0.404, 0.596),
        (81, 263, 0.255, 0.366),
        (1, 1, 0.207, 1.000),
    ],
)
def test_the_interval_is_wilsons(successes: int, requests: int, low: float, high: float) -> None:
    found = interval(Measured(requests=requests, successes=successes))
    assert tuple(round(bound, 3) for bound in found) == (low, high)


def test_nothing_measured_says_nothing() -> None:
    assert interval(Measured(requests=0, successes=0)) == (0.0, 1.0)


@pytest.mark.parametrize("requests", [1, 7, 1405, 9_999])
def test_never_and_always_are_bounds_of_their_interval_to_the_last_digit(requests: int) -> None:
    """A hair off by rounding would make one that never succeeds surely better than another that never does."""
    assert interval(Measured(requests=requests, successes=0))[0] == 0.0
    assert interval(Measured(requests=requests, successes=requests))[1] == 1.0


@given(st.integers(1, 10_000), st.data())
def test_the_interval_holds_the_rate_and_narrows_with_evidence(requests: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, requests))
    low, high = interval(Measured(requests=requests, successes=successes))
    assert 0 <= low <= successes / requests + 1e-12
    assert successes / requests - 1e-12 <= high <= 1
    closer = interval(Measured(requests=requests * 4, successes=successes * 4))
    assert closer[1] - closer[0] < high - low


# --- adjusting


def test_the_worse_goes_down_the_better_up_and_the_reason_has_the_figures() -> None:
    found = adjust(ABC, {"a": measured(500, 0.6), "b": measured(500, 0.8), "c": measured(500, 0.99)}, {}, BOUNDS)
    assert {model: shift.places for model, shift in found.items()} == {"a": 1, "c": -1}
    assert found["a"].reason == ("success 60.0% of 500 (55.6% to 64.2%), the others 89.5%: worse by more than 5.0%")
    assert found["c"].reason == (
        "success 99.0% of 500 (97.7% to 99.6%), the others 70.0%, the healthy ones of them 80.0%: better by more than 5.0%"
    )


def test_worse_by_less_than_the_margin_or_by_chance_is_not_moved() -> None:
    assert places({"a": measured(100_000, 0.96), "b": measured(100_000, 1), "c": measured(100_000, 1)}) == {}
    assert "a" not in places({"a": measured(60, 0.9), "b": measured(600, 0.99)}), "its interval reaches the others"
    assert places({"a": measured(600, 0.9), "b": measured(600, 0.99)}) == {"a": 1}


@pytest.mark.parametrize("own", [0, 1, 49])
def test_fewer_requests_than_asked_for_never_move(own: int) -> None:
    assert places({"a": measured(own, 0), "b": measured(5_000, 1), "c": measured(5_000, 1)}).get("a") is None
    assert places({"a": measured(5_000, 0), "b": measured(own // 2, 1), "c": measured(own - own // 2, 1)}) == {}
    assert places({"a": measured(50, 0), "b": measured(50, 1)})["a"] == 1


def test_a_shift_ends_when_what_was_measured_is_too_old() -> None:
    before = {"a": 2, "b": -1}
    assert places({}, before) == {"a": 1}
    assert adjust(ABC, {}, before, BOUNDS)["a"].reason == "0 requests, 0 of the others: fewer than 50"


def test_it_moves_a_place_a_round_up_to_the_most_and_no_further() -> None:
    rates = {"a": measured(500, 0.5), "b": measured(500, 1), "c": measured(500, 1)}
    now: dict[str, int] = {}
    seen = []
    for _ in range(4):
        now = places(rates, now)
        seen.append(now.get("a", 0))
    assert seen == [1, 2, 2, 2]
    assert places(rates, {"a": 7})["a"] == 2, "staff lowered what they allow"
    assert places(rates, {}, Bounds(min_requests=50, max_places=0, margin=0.05)) == {}


def test_it_returns_place_by_place_when_it_is_as_good_again() -> None:
    good = dict.fromkeys(ABC, measured(1_000, 0.95))
    assert places(good, {"a": 2, "c": -1}) == {"a": 1}
    assert places(good, {"a": 1}) == {}
    assert adjust(ABC, good, {"a": 2}, BOUNDS)["a"].reason.endswith("as good as the others again")


def test_a_rate_that_sits_at_the_bound_does_not_make_it_flap() -> None:
    """The others are at 95 %: below 90 % it is surely worse, from 92.5 % it is as good again; between, it stays."""
    others = {"b": measured(100_000, 0.95), "c": measured(100_000, 0.95)}
    bounds = Bounds(min_requests=50, max_places=5, margin=0.05)
    now: dict[str, int] = {}
    seen = []
    for rate in (0.897, 0.903, 0.897, 0.903, 0.92, 0.897, 0.924, 0.926, 0.93, 0.899, 0.926):
        now = places({"a": measured(100_000, rate), **others}, now, bounds)
        now = {"a": now["a"]} if "a" in now else {}
        seen.append(now.get("a", 0))
    assert seen == [1, 1, 2, 2, 2, 3, 3, 2, 1, 1, 0]


RATES = st.dictionaries(
    st.sampled_from(ABC),
    st.tuples(st.integers(0, 2_000), st.floats(0, 1)).map(lambda drawn: measured(*drawn)),
)  # fmt: skip
LIMITS = st.builds(Bounds, min_requests=st.integers(1, 300), max_places=st.integers(0, 4), margin=st.floats(0, 0.5))


@given(st.lists(RATES, min_size=1, max_size=12), LIMITS)
def test_whatever_is_measured_no_model_is_further_away_than_allowed_and_none_jumps(
    rounds: list[dict[str, Measured]], bounds: Bounds
) -> None:
    now: dict[str, int] = {}
    for rates in rounds:
        after = places(rates, now, bounds)
        for model in ABC:
            assert abs(after.get(model, 0)) <= bounds.max_places
            assert abs(after.get(model, 0) - now.get(model, 0)) <= 1
        assert 0 not in after.values()
        now = after


@given(RATES, LIMITS, st.dictionaries(st.sampled_from(ABC), st.integers(-4, 4)))
def test_every_move_has_the_direction_of_what_was_measured(
    rates: dict[str, Measured], bounds: Bounds, before: dict[str, int]
) -> None:
    before = {model: max(-bounds.max_places, min(by, bounds.max_places)) for model, by in before.items()}
    after = places(rates, before, bounds)
    for model in ABC:
        own = rates.get(model, Measured(requests=0, successes=0))
        rest = [each for name, each in rates.items() if name != model]
        requests, successes = sum(each.requests for each in rest), sum(each.successes for each in rest)
        old, new = before.get(model, 0), after.get(model, 0)
        if own.requests < bounds.min_requests or requests < bounds.min_requests:
            assert abs(new) <= abs(old), "little evidence moves nothing away"
            assert new * old >= 0
        elif abs(new) > abs(old) and new > old:
            assert own.rate < successes / requests - bounds.margin
        elif abs(new) > abs(old):
            worst = min(each.rate for each in rest if each.requests)
            assert own.rate > worst + bounds.margin, "who is promoted is held against the healthy ones alone"
