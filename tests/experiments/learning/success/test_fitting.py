"""What is learned of a model: nothing without outcomes, more with more of them, and nothing that holds for all models alike."""

from decimal import Decimal

import pytest

from experiments.learning.success import evidence, fitting, judging, off_policy
from experiments.learning.success.off_policy import Logged
from experiments.learning.success.outcomes import Outcome

PRIORS = {(model, "coding"): Decimal(70) for model in ("one", "two")}


def outcomes(model: str, good: int, bad: int, kind: str = "coding", terms: tuple[int, ...] = (1, 2)) -> list[Outcome]:
    scores = [1.0] * good + [0.0] * bad
    return [
        Outcome(model=model, kind=kind, terms=terms, score=score, question=f"{kind} {terms} {number}")
        for number, score in enumerate(scores)
    ]


def shift(found: list[Outcome], model: str = "one") -> int:
    return fitting.fit(found, PRIORS).by_kind[model].kinds["coding"].shift


def test_a_kind_with_few_outcomes_is_not_seen() -> None:
    found = fitting.fit([*outcomes("one", 15, 14), *outcomes("two", 30, 0)], PRIORS)
    assert "one" not in found.by_words
    assert set(found.by_words["two"].kinds) == {"coding"}


def test_the_shift_grows_with_the_outcomes_of_its_kind_towards_what_they_say() -> None:
    shifts = [
        shift([*outcomes("one", 3 * many, 7 * many), *outcomes("two", 7 * many, 3 * many)]) for many in (3, 10, 100)
    ]
    assert shifts == sorted(shifts, reverse=True)
    # In truth .3 and .7, half of their distance of 1.69 logits from one another: 0.85
    assert -250 > shifts[0] > -600
    assert shifts[2] == pytest.approx(-847, abs=60)


def test_what_holds_for_all_models_alike_is_learned_of_none() -> None:
    """Both fail nearly always, whatever their profile says: it is how these outcomes are scored."""
    found = fitting.fit([*outcomes("one", 10, 190), *outcomes("two", 10, 190)], PRIORS)
    assert found.common.levels["coding"] < -2
    assert all(abs(each.kinds["coding"].shift) < 150 for each in found.by_kind.values())


def test_words_tell_models_apart_and_strange_prompts_are_not_judged() -> None:
    found = [
        *outcomes("one", 90, 10, terms=(1, 5)), *outcomes("one", 10, 90, terms=(2, 5)),
        *outcomes("two", 10, 90, terms=(1, 5)), *outcomes("two", 90, 10, terms=(2, 5)),
    ]  # fmt: skip
    learned = fitting.fit(found, PRIORS).by_words["one"]
    assert learned.terms[1] > 400
    assert learned.terms[2] < -400
    assert evidence.moved(learned, "coding", (1, 5)) is not None
    assert evidence.moved(learned, "coding", (1, 8, 9)) is None
    assert evidence.moved(learned, "creative", (1, 5)) is None
    assert fitting.fit(found, PRIORS) == fitting.fit(list(reversed(found)), PRIORS), (
        "whatever the order of the outcomes"
    )
    one = next(each for each in judging.judge(found, PRIORS).models if each.model == "one")
    assert (one.way, one.learned is not None, one.gain[1] > 0) == ("terms", True, True)


def test_chance_teaches_nothing() -> None:
    noise = [
        each for terms in ((1, 5), (2, 5), (3, 5), (4, 5)) for model in ("one", "two")
        for each in outcomes(model, 20, 20, terms=terms)
    ]  # fmt: skip
    assert [each.learned for each in judging.judge(noise, PRIORS).models] == [None, None]


def test_off_policy_counts_by_propensity_and_by_unit() -> None:
    """Of 90 answers with propensity .9 of mean .5 and 10 with .1 of mean 1, each sort stands for 100: .75 of 200."""
    often = [Logged(unit=f"u{at}", propensity=0.9, score=at % 2, is_same=True) for at in range(90)]
    seldom = [Logged(unit=f"v{at}", propensity=0.1, score=1.0, is_same=True) for at in range(10)]
    other = [Logged(unit="w", propensity=0.5, score=0.0, is_same=False)] * 50
    found = off_policy.value([*often, *seldom, *other])
    assert found
    assert found.requests == 100
    assert found.mean == pytest.approx(0.75)
    assert found.effective == pytest.approx(200**2 / (90 / 0.81 + 10 / 0.01))
    assert found.low < 0.75 < found.high
    together = off_policy.value([Logged(unit="u", propensity=0.9, score=each.score, is_same=True) for each in often])
    assert together
    assert together.low == pytest.approx(together.high), (
        "one unit says nothing of how units differ; its residuals cancel"
    )
    assert off_policy.value(often[:29]) is None
