"""How long answers are and take, by what was measured, or else by the next wider figure, and at last by an estimate."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from analytics.measuring import facts as measured
from analytics.measuring.lengths import ALL, ESTIMATED_ANSWER_S, ESTIMATES, THINKING, UNMEASURED, Length, Lengths
from analytics.models import MeasuredLength
from tests.analytics.measuring.answers import answers

CODE, MODEL, SORT = (Length(median=at, high=10 * at) for at in (1, 2, 3))
SOME = Lengths(
    by_cell={("a:b", "coding", "simple"): CODE, ("a:b", ALL, ALL): MODEL, (ALL, "coding", "simple"): SORT},
    answer_ms={"a:b": 1_500, ALL: 700},
)


@pytest.mark.parametrize(
    ("model", "category", "complexity", "found"),
    [
        ("a:b", "coding", "simple", CODE),
        ("a:b", "coding", "complex", MODEL),
        ("a:b", "creative", "simple", MODEL),
        ("c:d", "coding", "simple", SORT),
        ("c:d", "coding", "complex", ESTIMATES["complex"]),
    ],
)
def test_what_was_not_measured_takes_the_next_wider_figure(
    model: str, category: str, complexity: str, found: Length
) -> None:
    assert SOME.of(model, category, complexity, thinks=False) == found


def test_a_model_that_thinks_may_take_longer_where_only_an_estimate_is_known() -> None:
    plain, thinking = (UNMEASURED.of("c:d", "coding", "simple", thinks) for thinks in (False, True))
    assert (thinking.median, thinking.high) == (plain.median, THINKING * plain.high)
    assert SOME.of("a:b", "coding", "simple", thinks=True) == CODE


def test_an_answers_time_is_the_models_or_that_of_all_or_an_estimate() -> None:
    assert [SOME.answer_s(model) for model in ("a:b", "c:d")] == [1.5, 0.7]
    assert UNMEASURED.answer_s("a:b") == ESTIMATED_ANSWER_S


@pytest.mark.django_db
def test_each_sort_of_answers_is_measured_by_its_median_and_what_98_in_100_do_not_pass() -> None:
    for count, tokens, ms in ((60, 200, 1_000), (38, 400, 2_000), (2, 3_000, 9_000)):
        answers(count, output_tokens=tokens, latency_ms=ms, category="coding", complexity="complex")
    answers(19, model="c:d", output_tokens=9_000, category="creative", complexity="simple")
    measured.refresh()
    found, _ = measured.read_lengths()
    long = Length(median=200, high=440)
    assert found.by_cell == {
        ("a:b", "coding", "complex"): long,
        ("a:b", ALL, ALL): long,
        (ALL, "coding", "complex"): long,
        (ALL, ALL, ALL): Length(median=200, high=9_900),
    }
    assert found.answer_ms == {"a:b": 1_000, ALL: 1_000}
    assert MeasuredLength.objects.get(model="a:b", category=ALL).answers == 100


@pytest.mark.django_db
def test_what_was_cut_does_not_shrink_it() -> None:
    answers(96, output_tokens=100)
    answers(4, output_tokens=1_000)
    measured.refresh()
    assert measured.read_lengths()[0].of("a:b", "coding", "simple", thinks=False).high == 1_100


@pytest.mark.django_db
def test_what_was_not_seen_lately_is_forgotten() -> None:
    answers(20)
    measured.refresh()
    MeasuredLength.objects.filter(model="a:b").update(measured_at=now() - timedelta(hours=25))
    measured.refresh()
    assert {row.model for row in MeasuredLength.objects.all()} == {ALL}
