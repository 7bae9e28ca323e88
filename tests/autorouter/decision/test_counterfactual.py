"""What is said would have been needed for the runner-up to win is true: with a hair more it wins, with a hair less not."""

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autorouter.decision import counterfactual
from autorouter.types import Constraints, Decision, RouterRelease
from models_registry.types import Catalogue
from tests.autorouter.fakes import NOW, SANDBOXED, catalogue, model, policy, profile, router, task, whole_decision

HAIR = Decimal("0.011")
"""A little over the cent to which the sentences round up."""
World = tuple[Catalogue, RouterRelease, str]
"""Models, release, and the task's complexity."""
PRICES = {"cheap": ("0.1", "0.3"), "mid": ("1", "3"), "premium": ("10", "30")}


def world(complexity: str, *given_models: tuple[str, str, int, int], **config: Any) -> World:
    """Models by word, tier, coding score and speed bonus; ids are such that none contains another."""
    ids = [f"m{at}:{word}" for at, (word, *_) in enumerate(given_models)]
    known = catalogue(*(model(name, PRICES[tier]) for name, (_, tier, *_) in zip(ids, given_models, strict=True)))
    profiles = [
        profile(name, "70", coding=f"{score}") for name, (_, _, score, _) in zip(ids, given_models, strict=True)
    ]
    speeds = {name: Decimal(speed) for name, (*_, speed) in zip(ids, given_models, strict=True)}
    return known, router(*profiles, speed_bonuses=speeds, **config), complexity


def decided(given_world: World, **constraints: Any) -> Decision:
    known, release, complexity = given_world
    return whole_decision(known, release, task(complexity=complexity), Constraints(**constraints), SANDBOXED, NOW)


def winner(given_world: World, **constraints: Any) -> str:
    return decided(given_world, **constraints).candidates[0].model


def with_score(given_world: World, name: str, value: Decimal) -> World:
    known, release, complexity = given_world
    profiles = {**release.profiles, name: profile(name, "70", coding=f"{value}")}
    return known, replace(release, profiles=profiles), complexity


def with_config(given_world: World, **changes: Any) -> World:
    known, release, complexity = given_world
    return known, replace(release, config=replace(release.config, **changes)), complexity


def with_speed(given_world: World, name: str, value: Decimal) -> World:
    bonuses = given_world[1].config.speed_bonuses
    return with_config(given_world, speed_bonuses={**bonuses, name: value})


def with_weight(given_world: World, tier: str, value: Decimal) -> World:
    weights: dict[str, Any] = dict(given_world[1].config.tier_weights.items())
    changed = {**weights, given_world[2]: {**weights[given_world[2]], tier: value}}
    return with_config(given_world, tier_weights=changed)


def told(decision: Decision, pattern: str) -> Decimal | None:
    """The figure that a sentence names, None where there is no such sentence."""
    found = [match for each in counterfactual.changes(decision) if (match := re.search(pattern, each))]
    assert len(found) < 2
    return Decimal(found[0][1]) if found else None


CATEGORY = r"^Its category score of \S+ would have had to be over (-?[\d.]+)\.$"
STICKY = r"a stickiness bonus over (-?[\d.]+) would have done\.$"
WEIGHT = r"^The weight of its \w+ tier, \S+, would have had to be over (-?[\d.]+)\.$"
SPEED = r"^A speed bonus over (-?[\d.]+) in place of \S+ would have done\.$"


def checked(
    figure: Decimal, makes: Callable[[Decimal], World], second: str, hair: Decimal = HAIR, **constraints: Any
) -> None:
    assert winner(makes(figure + hair), **constraints) == second
    assert winner(makes(figure - hair), **constraints) != second


# --- by hand


TWO = world("moderate", ("best", "mid", 90, 0), ("next", "premium", 80, 2))
"""27 points against 80 x 0.2 + 2 = 18."""


def test_every_sentence_with_its_figures() -> None:
    assert counterfactual.changes(decided(TWO)) == (
        "m1:next was 9 points short of 27.",
        "Had it been the conversation's previous model, a stickiness bonus over 45 would have done.",
        "The weight of its premium tier, 0.2, would have had to be over 0.32.",
        "A speed bonus over 11 in place of 2 would have done.",
    )


def test_what_lies_outside_what_may_be_set_is_not_said() -> None:
    assert told(decided(TWO), CATEGORY) is None, "125 is no score"
    far = world("moderate", ("best", "cheap", 100, 100), ("next", "premium", 50, -90))
    assert counterfactual.changes(decided(far)) == ("m1:next was 230 points short of 150.",)


def test_without_a_runner_up_there_is_nothing_to_say() -> None:
    assert counterfactual.changes(decided(world("simple", ("best", "mid", 90, 0)))) == ()
    nobody = whole_decision(
        catalogue(model("a:1", is_available=False)), router(), task(), Constraints(), SANDBOXED, NOW
    )
    assert counterfactual.changes(nobody) == ()


def test_a_policys_order_is_what_would_have_had_to_differ() -> None:
    known = catalogue(model("a:1"), model("a:2"))
    ordered = (known, router(policies=(policy("code", "a:2", "a:1"),)), "moderate")
    (sentence,) = counterfactual.changes(decided(ordered, policy="code"))
    assert sentence == "a:1 would have to stand before a:2 in policy code, or that one be out."
    turned = (known, router(policies=(policy("code", "a:1", "a:2"),)), "moderate")
    assert winner(turned, policy="code") == "a:1"
    assert winner(ordered, policy="code", blocked_models=frozenset({"a:2"})) == "a:1"


def test_a_conversation_that_keeps_its_model_would_have_had_to_be_a_new_one() -> None:
    pair = world("moderate", ("best", "mid", 90, 0), ("kept", "premium", 50, 0))
    (sentence,) = counterfactual.changes(decided(pair, previous_model="m1:kept", keeps_model=True))
    assert sentence.startswith("The conversation would have had to be a new one: it keeps m1:kept")
    assert winner(pair) == "m0:best"


def test_without_the_priority_the_better_score_would_have_won() -> None:
    pair = world("moderate", ("slow", "mid", 90, 0), ("quick", "mid", 84, 1))
    (sentence,) = counterfactual.changes(decided(pair, priority="speed"))
    assert sentence == "Without the priority speed m0:slow would have won by score, 27 to 26.2."
    assert winner(pair) == "m0:slow"


def test_without_the_preferred_providers_the_better_score_would_have_won() -> None:
    pair = world("moderate", ("other", "mid", 90, 0), ("liked", "mid", 84, 0))
    (sentence,) = counterfactual.changes(decided(pair, preferred_providers=frozenset({"m1"})))
    assert sentence == "Without the preferred providers m0:other would have won by score, 27 to 25.2."
    assert winner(pair) == "m0:other"


# --- true of whatever is drawn

MODEL = st.tuples(
    st.sampled_from(["one", "two", "three"]), st.sampled_from(sorted(PRICES)), st.integers(0, 100), st.integers(-20, 20)
)  # fmt: skip
WORLDS = st.builds(
    lambda complexity, drawn: world(complexity, *drawn),
    st.sampled_from(["simple", "moderate", "complex"]),
    st.lists(MODEL, min_size=2, max_size=4),
)


@given(WORLDS)
def test_the_category_score_that_is_named_would_have_done_and_less_would_not(given_world: World) -> None:
    decision = decided(given_world)
    needed = told(decision, CATEGORY)
    assume(needed is not None and needed < 100)
    assert needed is not None
    second = decision.candidates[1].model
    checked(needed, lambda value: with_score(given_world, second, value), second)


@given(WORLDS)
def test_the_speed_bonus_that_is_named_would_have_done_and_less_would_not(given_world: World) -> None:
    decision = decided(given_world)
    needed = told(decision, SPEED)
    assume(needed is not None)
    assert needed is not None
    second = decision.candidates[1].model
    checked(needed, lambda value: with_speed(given_world, second, value), second)


@given(WORLDS)
def test_the_stickiness_that_is_named_would_have_done_and_less_would_not(given_world: World) -> None:
    decision = decided(given_world)
    needed = told(decision, STICKY)
    assume(needed is not None and needed - HAIR >= 0)
    assert needed is not None
    second = decision.candidates[1].model
    checked(needed, lambda value: with_config(given_world, stickiness_bonus=value), second, previous_model=second)


@given(WORLDS)
def test_the_weight_of_a_tier_of_its_own_would_have_done_and_less_would_not(given_world: World) -> None:
    decision = decided(given_world)
    needed = told(decision, WEIGHT)
    first, second, *rest = decision.candidates
    assume(needed is not None and second.tier not in {first.tier, *(each.tier for each in rest)})
    assert needed is not None
    checked(needed, lambda value: with_weight(given_world, second.tier, value), second.model)


@given(WORLDS)
def test_the_gap_that_is_named_is_the_one_there_is(given_world: World) -> None:
    decision = decided(given_world)
    first, second = decision.candidates[:2]
    gap = told(decision, r" was (-?[\d.]+) points short of ")
    assume(first.score > second.score)
    assert gap == round(first.score - second.score, 2)


# --- where the sentences are not true


def test_the_weight_of_a_tier_that_both_share_moves_both() -> None:
    pair = world("moderate", ("best", "mid", 90, 0), ("next", "mid", 80, 0))
    needed = told(decided(pair), WEIGHT)
    assert needed is None or winner(with_weight(pair, "mid", needed + HAIR)) == "m1:next"


def test_the_weight_of_a_tier_may_lift_a_third_model_over_both() -> None:
    three = world("moderate", ("best", "mid", 90, 0), ("next", "premium", 50, 12), ("third", "premium", 100, 0))
    decision = decided(three)
    assert [each.model for each in decision.candidates] == ["m0:best", "m1:next", "m2:third"]
    needed = told(decision, WEIGHT)
    assert needed is None or winner(with_weight(three, "premium", needed + HAIR)) == "m1:next"


def test_a_runner_up_in_place_of_the_previous_model_needs_less_stickiness_than_the_gap() -> None:
    pair = world("moderate", ("kept", "mid", 90, 0), ("next", "mid", 80, 0))
    needed = told(decided(pair, previous_model="m0:kept"), STICKY)
    assert (
        needed is None or winner(with_config(pair, stickiness_bonus=needed - 1), previous_model="m1:next") == "m0:kept"
    )


def test_in_a_tie_nothing_is_said_of_preferred_providers_that_nobody_named() -> None:
    tie = world("moderate", ("one", "mid", 90, 0), ("two", "mid", 90, 0))
    assert not any("Without" in each for each in counterfactual.changes(decided(tie)))


@pytest.mark.parametrize("constraints", [{"priority": "quality"}, {"preferred_providers": frozenset({"m0"})}])
def test_what_is_said_under_a_priority_or_a_preference_is_true_too(constraints: dict[str, Any]) -> None:
    """The first has the better score and the better measure: a little more score alone does not lift the second."""
    known, release, complexity = world("moderate", ("best", "mid", 90, 0), ("next", "mid", 88, 0))
    better = {**release.profiles, "m0:best": profile("m0:best", "99", coding="90")}
    pair = (known, replace(release, profiles=better), complexity)
    needed = told(decided(pair, **constraints), CATEGORY)
    assert needed is None or winner(with_score(pair, "m1:next", needed + HAIR), **constraints) == "m1:next"


def test_a_new_conversation_is_only_named_where_it_would_have_changed_the_winner() -> None:
    pair = world("moderate", ("kept", "mid", 90, 0), ("next", "mid", 50, 0))
    sentences = counterfactual.changes(decided(pair, previous_model="m0:kept", keeps_model=True))
    assert winner(pair) == "m0:kept"
    assert not any("new one" in each for each in sentences)


def test_nothing_is_kept_where_stickiness_is_tuned_to_zero() -> None:
    pair = world("moderate", ("kept", "mid", 90, 0), ("next", "mid", 80, 0), stickiness_bonus=Decimal(0))
    sentences = counterfactual.changes(decided(pair, previous_model="m0:kept", keeps_model=True))
    assert not any("it keeps" in each for each in sentences)


def test_of_a_batchs_group_the_one_decision_is_told_whatever_stickiness_is_tuned_to() -> None:
    pair = world("moderate", ("best", "mid", 90, 0), ("shared", "premium", 50, 0), stickiness_bonus=Decimal(0))
    shared = {"previous_model": "m1:shared", "keeps_model": True, "shares_decision": True}
    (sentence,) = counterfactual.changes(decided(pair, **shared))
    assert sentence == "m0:best would have to be decided for, for all requests of the batch that are like this one."
    assert winner(pair, **shared) == "m1:shared"


def test_privacys_local_model_is_not_beaten_by_score() -> None:
    known = catalogue(model("home:one"), model("zdr:two"), home={"is_local": True}, zdr={"is_zero_retention": True})
    release = router(profile("home:one", "90", coding="90"), profile("zdr:two", "80", coding="80"), speed_bonuses={})
    private = (known, release, "moderate")
    needed = told(decided(private, priority="privacy"), CATEGORY)
    assert needed is None or winner(with_score(private, "zdr:two", needed + HAIR), priority="privacy") == "zdr:two"
