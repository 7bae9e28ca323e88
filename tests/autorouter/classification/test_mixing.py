"""Two readers' probabilities become one reader's."""

import pytest

from autorouter.classification.judged import Judged
from autorouter.classification.mixing import LATIN, OTHER_SCRIPTS, mixed, trust

FLAT = 1 / 7


def of(*categories: float, complexities: tuple[float, ...] = (0.5, 0.3, 0.2)) -> Judged:
    return Judged(categories=categories, complexities=complexities)


def test_readers_who_agree_are_left_as_they_are_where_their_trust_adds_up_to_one() -> None:
    both = of(0.5, 0.2, 0.1, 0.1, 0.05, 0.03, 0.02)
    found = mixed(both, both, OTHER_SCRIPTS)
    assert found.categories == pytest.approx(both.categories)
    assert found.complexities == pytest.approx(both.complexities)


def test_readers_who_agree_in_latin_script_are_surer_together() -> None:
    both = of(0.5, 0.2, 0.1, 0.1, 0.05, 0.03, 0.02)
    assert 0.5 < mixed(both, both, LATIN).confidence < 0.6


def test_the_encoder_counts_more_than_the_table() -> None:
    table = of(0.8, 0.1, *[0.02] * 5)
    encoder = of(0.1, 0.8, *[0.02] * 5)
    found = mixed(table, encoder)
    assert found.category == "reasoning"
    assert sum(found.categories) == pytest.approx(1)
    assert 0.1 < found.categories[0] < found.categories[1] < 0.8


def test_one_who_knows_nothing_leaves_the_other_to_say_which() -> None:
    assert mixed(of(*[FLAT] * 7), of(0.1, 0.1, 0.1, 0.4, 0.1, 0.1, 0.1)).category == "factual"
    assert mixed(of(0.1, 0.1, 0.1, 0.4, 0.1, 0.1, 0.1), of(*[FLAT] * 7)).category == "factual"


def test_a_category_that_a_reader_calls_impossible_is_only_unlikely() -> None:
    found = mixed(of(1, *[0.0] * 6), of(0, 1, *[0.0] * 5))
    assert min(found.categories) > 0
    assert sum(found.categories) == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fix this loop", LATIN),
        ("Où est la gare, déjà ?", LATIN),
        ("Explain the word дождь in one sentence", LATIN),
        ("写一首关于雨的诗", OTHER_SCRIPTS),
        ("اكتب قصيدة", OTHER_SCRIPTS),
        ("123 + 456 = ¿?", LATIN),
    ],
)
def test_the_table_counts_more_where_the_letters_are_not_latin(text: str, expected: object) -> None:
    assert trust(text) is expected
