"""What was learned of models' success moves their scores, by exact points, and says what it rests on."""

from decimal import Decimal
from random import Random
from typing import Any

import pytest

from autorouter.decision import counterfactual, explain, success
from autorouter.decision.success import NOTHING, Evidence, Kind, Learned, LearnedSuccess, Lessons
from autorouter.types import Constraints, Decision, Task
from tests.autorouter.fakes import catalogue, model, policy, profile, router, task, whole_decision

GOOD, BAD = "acme:good", "acme:bad"
ONE = Decimal(1)


def learned(shift: int = 0, least_seen: int = 0, **terms: int) -> Learned:
    """Of the bad model at coding, from 212 outcomes; terms as t7=500."""
    kind = Kind(outcomes=212, shift=shift, least_seen=least_seen)
    weights = {int(name[1:]): weight for name, weight in terms.items()}
    return Learned({BAD: LearnedSuccess(kinds={"coding": kind}, terms=weights)})


def points(
    found: Learned, name: str, category: str, terms: tuple[int, ...], score: Decimal, weight: Decimal = ONE
) -> tuple[Decimal, Evidence]:
    """Of one model, and what they rest on."""
    lessons, heard = Lessons(found, category, weight, {name: 0}, lambda _: score), found.hear(terms)
    return lessons.points(heard, 1).get(0, NOTHING), lessons.evidence(heard, name)


def moved(found: Learned, score: str = "50", terms: tuple[int, ...] = (), weight: str = "1") -> str:
    return f"{points(found, BAD, 'coding', terms, Decimal(score), Decimal(weight))[0].normalize():+f}"


@pytest.mark.parametrize(
    ("found", "score", "terms", "expected"),
    [
        (learned(shift=1_000), "50", (), "+23.1"),  # sigmoid(1) = .7311
        (learned(shift=-1_000), "50", (), "-23.1"),
        (learned(shift=405), "80", (), "+5.7"),  # odds of 4 times 1.5 are odds of 6: 85.7
        (learned(shift=0, t7=600, t8=400), "50", (7, 8, 9, 10), "+12.2"),  # 1000 / sqrt(4) is half a logit: 62.2
        (learned(shift=500, t7=-1_000), "50", (7, 8, 9, 10), "+0"),
        (learned(shift=10_000), "97.26", (), "+2.7"),
        (learned(shift=10_000), "100", (), "+0"),
        (learned(shift=-10_000), "0", (), "+0"),
        (learned(shift=10_000, t7=20_000), "0", (7,), "+99.5"),
    ],
)
def test_points_are_what_the_formula_says_in_tenths(
    found: Learned, score: str, terms: tuple[int, ...], expected: str
) -> None:
    assert moved(found, score, terms) == expected


def test_without_any_shift_every_score_stays_where_it_is() -> None:
    for hundredths in range(0, 10_001, 7):
        assert points(learned(), BAD, "coding", (1, 2), Decimal(hundredths) / 100)[0] == 0


def test_staff_say_how_much_of_it_counts() -> None:
    assert moved(learned(shift=1_000), weight="0.5") == "+11.55"
    assert moved(learned(shift=1_000), weight="0") == "+0"


@pytest.mark.parametrize(
    ("found", "category", "terms", "evidence"),
    [
        (Learned(), "coding", (), Evidence(category="coding", outcomes=0, reason="no evidence")),
        (Learned({GOOD: learned()[BAD]}), "coding", (), Evidence(category="coding", outcomes=0, reason="no evidence")),
        (learned(900), "creative", (), Evidence(category="creative", outcomes=0, reason="kind not seen")),
        (
            learned(900, 50, t7=5),
            "coding",
            (7, 8, 9),
            Evidence(category="coding", outcomes=212, reason="unfamiliar prompt"),
        ),
        (learned(900, 50, t7=5), "coding", (7, 8), Evidence(category="coding", outcomes=212, reason="")),
        (learned(900, 50, t7=5), "coding", (), Evidence(category="coding", outcomes=212, reason="")),
    ],
)
def test_what_was_not_seen_counts_nothing_and_says_why(
    found: Learned, category: str, terms: tuple[int, ...], evidence: Evidence
) -> None:
    value, told = points(found, BAD, category, terms, Decimal(50))
    assert told == evidence
    assert (value == 0) == bool(evidence.reason)


def test_the_words_of_many_models_are_summed_apart_from_one_another() -> None:
    random = Random(5)
    everybody = {
        f"m{at}": LearnedSuccess(
            kinds={"coding": Kind(outcomes=1, shift=0)},
            terms={
                number: random.randint(-success.MAX_WEIGHT, success.MAX_WEIGHT)
                for number in random.sample(range(99), 60)
            },
        )
        for at in range(70)
    }
    terms = tuple(sorted(random.sample(range(99), 40)))
    for name, own in everybody.items():
        alone = points(Learned({name: own}), name, "coding", terms, Decimal(40))
        assert points(Learned(everybody), name, "coding", terms, Decimal(40)) == alone


def test_weights_are_read_back_from_their_text_and_what_is_wrong_is_named() -> None:
    weights = {3: -20_000, 1_048_575: 20_000, 7: 0}
    assert success.written(weights) == "3:-20000 7:0 1048575:20000"
    assert success.read(success.written(weights)) == weights
    for text in ("3", "3:x", "-3:1", "3:1 3:1", "1048576:1", "3:20001", " ".join(f"{at}:1" for at in range(5_001))):
        with pytest.raises(ValueError, match=r"term|weight"):
            success.read(text)


# --- in decisions


def decided(found: Learned, asked: Task | None = None, **constraints: Any) -> Decision:
    release = router(
        profile(GOOD, "80", coding="80"), profile(BAD, "80", coding="70"), policies=(policy("code", GOOD, BAD),),
        success=found,
    )  # fmt: skip
    return whole_decision(catalogue(model(GOOD), model(BAD)), release, asked or task(), Constraints(**constraints))


def test_a_model_that_succeeds_here_more_often_than_its_profile_says_overtakes() -> None:
    decision = decided(learned(shift=900))
    first, second = decision.candidates
    assert (first.model, first.terms.category, first.terms.learned) == (BAD, Decimal(70), Decimal("15.2"))
    assert first.score == Decimal("85.2") * Decimal("0.3")
    assert (second.evidence, first.evidence) == (
        Evidence(category="coding"),
        Evidence(category="coding", outcomes=212, reason=""),
    )
    told = [each["learned"] for each in explain.as_json(decision)["candidates"]]
    assert told == [
        {"outcomes": 212, "points": 15.2, "says": "Learned from 212 outcomes of coding here: +15.2 points"},
        {"outcomes": 0, "points": 0, "says": "Nothing learned: no evidence"},
    ]
    assert "score 25.56, 70 in its category plus 15.2 learned times 0.3" in explain.why(decision)
    assert explain.terms_json(first.terms)["learned"] == 15.2
    assert "learned" not in explain.terms_json(second.terms)


def test_what_would_have_had_to_differ_is_told_of_score_and_learned_together() -> None:
    short, needed, *_ = counterfactual.changes(decided(learned(shift=100)))
    assert short == f"{BAD} was 2.37 points short of 24."
    assert needed == "Its category with what was learned, 72.1, would have had to be over 80."


def test_the_words_of_the_prompt_decide() -> None:
    found = learned(shift=0, t7=2_000, t8=-2_000)
    chosen = [decided(found, task(terms=terms)).candidates[0].model for terms in ((7,), (8,), (9,), ())]
    assert chosen == [BAD, GOOD, GOOD, GOOD]


def test_a_policys_order_and_a_sessions_model_stay_what_they_are() -> None:
    told = decided(learned(shift=900), policy="code")
    assert [(each.model, each.terms.learned) for each in told.candidates] == [
        (GOOD, Decimal(0)),
        (BAD, Decimal("15.2")),
    ]
    kept = decided(learned(shift=900), previous_model=GOOD, keeps_model=True)
    assert kept.candidates[0].model == GOOD


@pytest.mark.parametrize(
    ("category", "terms", "says"),
    [
        ("creative", (), "Nothing learned: creative was not seen with it"),
        ("coding", (8,), "Nothing counts of what was learned from 212 outcomes of coding here: unfamiliar prompt"),
    ],
)
def test_why_nothing_counts_is_said(category: str, terms: tuple[int, ...], says: str) -> None:
    decision = decided(learned(900, 50), task(category=category, terms=terms))
    assert {explain.learned_words(each) for each in decision.candidates if each.model == BAD} == {says}


def test_where_nothing_was_learned_a_decision_has_no_word_of_it() -> None:
    (first, _) = decided(Learned()).candidates
    shown = explain.candidate_json(first)
    assert "learned" not in shown
    assert [*shown["terms"]] == [
        "category", "stickiness", "reasoning", "research", "complexity_factor", "tier_weight", "speed",
    ]  # fmt: skip
    assert str(first.score) == "24.00"
