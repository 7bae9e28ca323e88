"""Soft scoring: the category term is the exact mean of a profile's scores by how likely each category is."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autorouter.decision import counterfactual, decision_json, explain
from autorouter.decision.packing import Packed
from autorouter.decision.ranking import Rankings
from autorouter.decision.router import decide
from autorouter.decision.scoring import HUNDREDTHS, shares
from autorouter.types import CATEGORIES, Category, Constraints, Decision, Likely
from tests.autorouter.fakes import NOW, SANDBOXED, catalogue, model, profile, router, task, whole_decision

KNOWN = catalogue(model("a:coder"), model("a:thinker"), model("perplexity:seeker"))
PROFILES = (
    profile("a:coder", "80", coding="90", reasoning="60", research="50"),
    profile("a:thinker", "80", coding="84", reasoning="80"),
    profile("perplexity:seeker", "80", coding="60", research="95.5"),
)


def likely(**shares_: str) -> Likely:
    return tuple((category, Decimal(shares_[category])) for category in shares_ if category in CATEGORIES)


def decided(soft: bool, found: Likely, **changes: Any) -> Decision:
    asked = task(category=found[0][0] if found else "coding", likely=found, **changes)
    return whole_decision(KNOWN, router(*PROFILES, soft_scoring=soft), asked, Constraints())


def category_terms(decision: Decision) -> dict[str, str]:
    return {each.model: str(each.terms.category) for each in decision.candidates}


def test_the_category_term_is_the_exact_mean_and_may_change_who_wins() -> None:
    found = likely(coding="0.6", reasoning="0.3", research="0.1")
    hard, soft = decided(False, found), decided(True, found)
    assert category_terms(hard) == {"a:coder": "90", "a:thinker": "84", "perplexity:seeker": "60"}
    # .6 x 90 + .3 x 60 + .1 x 50; .6 x 84 + .3 x 80 + .1 x 70, which no profile has; .6 x 60 + .3 x 70 + .1 x 95.5
    assert category_terms(soft) == {"a:thinker": "81.4", "a:coder": "77.0", "perplexity:seeker": "66.55"}
    assert [str(each.score) for each in soft.candidates] == ["24.420", "23.100", "19.9650"], "mid tier: times 0.30"
    parts = [(name, str(share), str(score)) for name, share, score in soft.candidates[1].weighted]
    assert parts == [("coding", "0.6", "90"), ("reasoning", "0.3", "60"), ("research", "0.1", "50")]


def test_explanations_tell_what_the_mean_is_of_and_what_would_have_changed_it() -> None:
    decision = decided(True, likely(coding="0.6", reasoning="0.3", research="0.1"))
    told = "81.4 in its likely categories (0.6 x coding 84, 0.3 x reasoning 80, 0.1 x research 70) times 0.3 for the mid tier"
    assert told in explain.why(decision)
    shown = explain.as_json(decision)["candidates"]
    assert shown[1]["category_scores"][2] == {"category": "research", "probability": 0.1, "score": 50.0}
    assert counterfactual.changes(decision)[1] == "The mean of its category scores, 77, would have had to be over 81.4."
    hard = explain.as_json(decided(False, likely(coding="0.6", reasoning="0.4")))
    assert all("category_scores" not in each for each in hard["candidates"])


def test_the_research_bonus_goes_by_the_likeliest_category_alone() -> None:
    second = decided(True, likely(coding="0.51", research="0.49"))
    first = decided(True, likely(research="0.51", coding="0.49"))
    bonus = [{each.model: each.terms.research for each in found.candidates} for found in (second, first)]
    assert [each["perplexity:seeker"] for each in bonus] == [0, 25]
    assert {each["a:coder"] for each in bonus} == {0}


@pytest.mark.parametrize("found", [(), likely(coding="1"), likely(coding="0.97")])
def test_without_probabilities_or_with_one_category_alone_it_scores_as_ever(found: Likely) -> None:
    hard, soft = decided(False, found), decided(True, found)
    assert str(soft) == str(hard)


@pytest.mark.parametrize(
    ("given_", "whole"),
    [
        ([60, 30, 10], [60, 30, 10]),
        ([60, 30, 9], [61, 30, 9]),
        ([33, 33, 33], [34, 33, 33]),
        ([17, 17, 17, 17, 17, 17], [17, 17, 17, 17, 16, 16]),
        ([50, 49, 2], [49, 49, 2]),
        ([50, 25], [67, 33]),
    ],
)
def test_hundredths_that_do_not_add_up_are_spread_by_the_largest_remainders(
    given_: Sequence[int], whole: Sequence[int]
) -> None:
    found = tuple(zip(CATEGORIES, [HUNDREDTHS[each] for each in given_], strict=False))
    assert shares(found) == tuple(zip(CATEGORIES, whole, strict=False))


@given(st.lists(st.integers(1, 100), min_size=2, max_size=8))
def test_shares_add_up_to_one_and_none_is_off_by_a_hundredth_of_its_part(parts: list[int]) -> None:
    found = shares(tuple(zip(CATEGORIES, [HUNDREDTHS[each] for each in parts], strict=False)))
    by_category = dict(found)
    assert sum(by_category.values()) in {0, 100}, "0 where one category alone is left"
    for category, part in zip(CATEGORIES, parts, strict=False) if found else ():
        assert abs(by_category.get(category, 0) - 100 * part / sum(parts)) < 1


@given(st.lists(st.tuples(st.decimals(-400, 400, places=4), st.decimals(0, 100, places=40)), max_size=9), st.booleans())
def test_packed_scores_are_ordered_by_their_exact_mean_however_many_digits_they_have(
    scores: list[tuple[Decimal, Decimal]], is_research: bool
) -> None:
    research = [Decimal(5 * (at % 2)) for at in range(len(scores))]
    by_category: dict[Category, list[Decimal]] = {
        "coding": [one for one, _ in scores], "reasoning": [round(other, 20) for _, other in scores],
    }  # fmt: skip
    means = [
        60 * one + 40 * other + (100 * bonus if is_research else 0)
        for one, other, bonus in zip(by_category["coding"], by_category["reasoning"], research, strict=True)
    ]
    found = Packed(by_category, research).last_first((("coding", 60), ("reasoning", 40)), is_research)
    places = [len(scores) - 1 - each for each in reversed(found)]
    assert places == sorted(range(len(scores)), key=lambda place: (-means[place], place))


def test_a_decision_comes_out_the_same_from_its_record_and_after_its_ranking_was_forgotten() -> None:
    release = router(*PROFILES, soft_scoring=True)
    rankings = Rankings(catalogue=KNOWN, router=release, availability=SANDBOXED)
    rankings.compile_all(NOW)
    asked = task(likely=likely(coding="0.55", reasoning="0.33", creative="0.13"))
    first = decide(rankings, asked, Constraints(), NOW)
    again = decision_json.task_of(decision_json.task_to_json(asked))
    for number in range(300):
        other = replace(
            asked, likely=tuple([("coding", HUNDREDTHS[99 - number % 90]), ("research", HUNDREDTHS[number // 3])])
        )
        decide(rankings, other, Constraints(), NOW)
    repeated = decide(rankings, again, Constraints(), NOW)
    assert decision_json.fingerprint(repeated) == decision_json.fingerprint(first)
    assert repeated.candidates == first.candidates
