"""Free room goes to where it is used: the arithmetic alone."""

from hypothesis import given
from hypothesis import strategies as st

from budgets.shares.balancing import Move, Standing, moves, scaled

NUMBERS = st.integers(min_value=0, max_value=10**12)
STANDINGS = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=9).map(
    lambda rows: [
        Standing(place=f"p{at}", share=share, used=min(used, share), pace=pace)
        for at, (share, used, pace) in enumerate(rows)
    ]
)


def at(place: str, share: int, used: int, pace: int) -> Standing:
    return Standing(place=place, share=share, used=used, pace=pace)


@given(STANDINGS)
def test_nobody_gives_what_is_used_nor_gives_and_takes(standings: list[Standing]) -> None:
    made = moves(standings)
    for each in standings:
        given_away = sum(move.amount for move in made if move.giver == each.place)
        assert 0 <= given_away <= each.free
    assert not {move.giver for move in made} & {move.taker for move in made}
    assert all(move.amount > 0 for move in made)


def test_who_uses_all_gets_what_the_idle_one_does_not_need() -> None:
    (move,) = moves([at("a", 500, 400, 400), at("b", 500, 0, 0)])
    assert (move.giver, move.taker) == ("b", "a")
    assert 400 < move.amount < 500


def test_who_has_nothing_left_may_want_more_than_it_could_show() -> None:
    (move,) = moves([at("a", 100, 100, 50), at("b", 900, 100, 100)])
    assert (move.giver, move.taker) == ("b", "a")
    assert 400 < move.amount < 500


def test_who_never_began_gets_a_little_all_the_same() -> None:
    (move,) = moves([at("a", 0, 0, 0), at("b", 1000, 0, 100)])
    assert (move.giver, move.taker) == ("b", "a")
    assert 40 < move.amount < 50


def test_room_does_not_wander_while_everybody_has_enough() -> None:
    assert moves([at("a", 500, 100, 60), at("b", 500, 100, 40)]) == ()


def test_with_nothing_free_nothing_moves() -> None:
    assert moves([at("a", 10, 10, 10), at("b", 0, 0, 0)]) == ()


def test_one_place_alone_has_nobody_to_give_to() -> None:
    assert moves([at("a", 10, 1, 1)]) == ()


@given(st.dictionaries(st.text(min_size=1), NUMBERS, min_size=1, max_size=9), NUMBERS)
def test_scaled_shares_make_up_the_new_whole_to_the_last_unit(given: dict[str, int], whole: int) -> None:
    made = scaled(given, whole)
    assert sum(made.values()) == whole
    assert min(made.values()) >= 0


def test_scaled_shares_keep_their_proportion() -> None:
    assert scaled({"a": 75, "b": 25}, 1000) == {"a": 750, "b": 250}


def test_a_move_says_from_whom_to_whom() -> None:
    assert Move(giver="a", taker="b", amount=1) in moves([at("a", 2, 0, 0), at("b", 2, 2, 5)])
