"""Two readers are judged side by side, and believed as far as they were right."""

import random

import pytest

from autorouter.classification.judged import CATEGORIES, Judged
from autorouter.classification.mixing import Trust
from autorouter.training.encoder import figures, judging
from autorouter.training.prompts import Prompt
from autorouter.training.report import calibration_error


def likely(category: str, share: float) -> Judged:
    rest = (1 - share) / (len(CATEGORIES) - 1)
    return Judged(
        categories=tuple(share if name == category else rest for name in CATEGORIES), complexities=(0.6, 0.3, 0.1)
    )


def case(number: int, table: Judged, encoder: Judged, text: str = "a") -> judging.Case:
    prompt = Prompt(
        asked=(text,), category="coding", second="analysis", complexity="simple", source=f"source {number % 8}"
    )
    return judging.Case(prompt=prompt, table=table, encoder=encoder)


@pytest.fixture
def cases() -> list[judging.Case]:
    """The table is right half of the time and sure of .5; the encoder is right four times of five, and too sure."""
    chance = random.Random(1)
    return [
        case(
            number,
            likely("coding" if chance.random() < 0.5 else "creative", 0.5),
            likely("coding" if chance.random() < 0.8 else "analysis", 0.99),
        )
        for number in range(400)
    ]


def test_figures_tell_right_either_label_surest_and_how_far_off_the_confidence_is(cases: list[judging.Case]) -> None:
    answers = judging.answers(cases, lambda one: one.encoder)
    share = figures.right(answers)
    assert share == pytest.approx(0.8, abs=0.05)
    assert figures.either(answers) == 1
    assert figures.difficulty(answers) == 1
    assert calibration_error(answers) == pytest.approx(0.99 - share)
    found = figures.interval(figures.right, answers)
    assert found.low < share < found.high
    assert found.high - found.low < 0.1


def test_a_reader_who_is_too_sure_is_cooled_until_he_is_as_sure_as_he_is_right(cases: list[judging.Case]) -> None:
    found = judging.temperatures(cases)
    assert found["category"] > 1
    cooled = Trust(table=(0, 0), encoder=(1 / found["category"], 1))
    answers = judging.answers(cases, judging.by_both(judging.always(cooled)))
    assert calibration_error(answers) < 0.05


def test_readers_believed_as_far_as_they_were_right_are_right_at_least_as_often_as_the_better_one(
    cases: list[judging.Case],
) -> None:
    found = judging.fitted(cases)
    assert found.encoder[0] > 0
    both = figures.right(judging.answers(cases, judging.by_both(judging.always(found))))
    assert both >= figures.right(judging.answers(cases, lambda one: one.encoder))


def test_the_encoder_is_asked_only_where_the_table_is_less_sure() -> None:
    sure, unsure = likely("coding", 0.7), likely("coding", 0.5)
    other = likely("creative", 0.99)
    judge = judging.asked_below(0.6)
    assert judge(case(0, sure, other)).category == "coding"
    assert judge(case(0, unsure, other)).category == "creative"


def test_prompts_that_are_read_with_most_trouble_are_apart() -> None:
    seen = likely("coding", 0.7)
    cases = [case(0, seen, seen, text=text) for text in ("short", "long " * 300, "стихи дождя", "naïve café")]
    found = judging.groups(cases)
    assert [len(found[name]) for name in ("all", "longer than is read", "other than Latin script")] == [4, 1, 1]


def test_the_table_of_thresholds_begins_with_the_table_alone_and_ends_with_both(cases: list[judging.Case]) -> None:
    rows = list(judging.threshold_lines(cases))
    assert rows[2].startswith("| 0.3 | 0.00 | ")
    assert rows[-1].startswith("| always | 1.00 | ")
