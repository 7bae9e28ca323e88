"""A recorded decision made again out of nothing but its record and the releases that it names."""

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils.timezone import now

from analytics.models import Record
from autorouter.configuration import learned, save
from autorouter.decision.success import Kind, LearnedSuccess
from autorouter.models import AvailabilityFacts
from autorouter.types import Constraints
from experiments.errors import NotReproducible, UnknownOperation
from experiments.replay import decisions
from models_registry.catalogue import bundles as catalogue_bundles
from models_registry.types import Availability, Health
from routerhub.releases import rollout
from routerhub.releases.models import Release
from tests.analytics.rows import insert
from tests.autorouter.fakes import SANDBOXED
from tests.cast import because
from tests.experiments.traffic import LARGE, MIDDLE, SMALL, goods, open_shop, policy, request, tune
from tests.releases.toys import put_live

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shop() -> None:
    open_shop(code=policy(LARGE, SMALL))


def explained(operation_id: uuid.UUID) -> decisions.ExplainedDecision:
    return decisions.explained(decisions.find(operation_id, Record.objects.all()))


def test_of_a_request_that_no_model_could_take_the_same_nobody_comes_out_again() -> None:
    found = explained(request(outcome="refused", model=""))
    assert (found.is_same, found.problem, found.used, found.role) == (True, "", None, "")


CONSTRAINTS = [
    Constraints(),
    Constraints(previous_model=SMALL),
    Constraints(previous_model=LARGE, keeps_model=True),
    Constraints(policy="code"),
    Constraints(priority="cost", candidates=(LARGE, MIDDLE)),
    Constraints(max_cost_usd=Decimal("0.0005"), max_output_tokens=300, max_latency_ms=500),
    Constraints(blocked_models=frozenset({MIDDLE, SMALL}), rules=("no acme",)),
    Constraints(
        preferred_providers=frozenset({"acme"}), allowed=((frozenset({"acme"}), frozenset({LARGE})),), rules=("a", "b")
    ),
    Constraints(priority="speed", preferred_models=frozenset({LARGE}), blocked_providers=frozenset({"nobody"})),
    Constraints(priority="quality", allow_internal=True),
]
AVAILABILITIES = [
    SANDBOXED,
    Availability(providers=frozenset({"acme", "best"}), sandbox=False, latency_ms={SMALL: 400, LARGE: 450, MIDDLE: 700}),
    Availability(
        providers=frozenset({"acme", "best"}), sandbox=False, open_circuits={"acme/middle": "since noon: down"},
        health=Health(degraded=frozenset({"acme/small"}), down=frozenset({"nobody/nothing"})),
    ),
]  # fmt: skip


@pytest.mark.parametrize("availability", AVAILABILITIES)
@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_every_kind_of_request_is_decided_again_to_the_bit(
    constraints: Constraints, availability: Availability
) -> None:
    for complexity in ("simple", "moderate", "complex"):
        found = explained(
            request(
                constraints, availability=availability, asked={"complexity": complexity, "needs": frozenset({"tools"})}
            )
        )
        assert (found.is_same, found.problem) == (True, "")
        assert found.decision is not None
        assert found.decision.chosen is not None
        assert found.decision.chosen.model == found.record.model


def test_what_was_learned_by_words_is_decided_again_to_the_bit() -> None:
    plain = request(asked={"terms": (7, 9)})
    kinds = {"coding": Kind(outcomes=212, shift=100)}
    learned.write({SMALL: LearnedSuccess(kinds=kinds, terms={7: 4_000})}, because("accepted"))
    save.publish(because("accepted"))
    for terms, model in (((7, 9), SMALL), ((9,), MIDDLE), ((), MIDDLE)):
        found = explained(request(asked={"terms": terms}))
        assert (found.is_same, found.problem, found.record.model) == (True, "", model)
    assert (explained(plain).record.model, explained(plain).is_same) == (MIDDLE, True)


def a_new_tuning() -> None:
    tune(cheap_below=Decimal("0.5"), stickiness_bonus=0)


def a_new_price() -> None:
    found = catalogue_bundles.to_bundle(goods())
    found["models"][MIDDLE]["deployments"][0]["prices"][0]["rates"] |= {"input": "90", "output": "90"}
    put_live("catalogue", found, because("dearer"))


def a_model_less() -> None:
    found = catalogue_bundles.to_bundle(goods())
    del found["models"][MIDDLE]
    put_live("catalogue", found, because("gone"))


def a_rollback() -> None:
    a_new_tuning()
    rollout.rollback("catalogue", 0, because("to the code"))
    rollout.rollback("router", 0, because("to the code"))


@pytest.mark.parametrize("change", [a_new_tuning, a_new_price, a_model_less, a_rollback])
def test_it_stays_the_same_whatever_is_live_by_now(change: Callable[[], None]) -> None:
    operation = request(Constraints(previous_model=SMALL))
    before = decisions.as_json(explained(operation))
    change()
    after = explained(operation)
    assert (after.is_same, after.problem) == (True, "")
    assert decisions.as_json(after) == before
    assert before["releases"] == {"catalogue": 1, "router": 1}


def test_the_story_is_told_whole() -> None:
    story = decisions.as_json(explained(request(tags=["x"])))
    assert story["model"] == MIDDLE
    assert story["why"] == (
        f"{MIDDLE} suits a moderate coding task best: score 40, 80 in its category times 0.5 for the cheap tier;"
        f" next is {SMALL} with 30."
    )
    assert [(each["model"], each["score"]) for each in story["candidates"]] == [(MIDDLE, 40), (SMALL, 30), (LARGE, 27)]
    assert story["runner_up"] == story["candidates"][1]
    assert (story["excluded"], story["rules"], story["fallback_used"]) == ([], [], False)
    assert (story["reproduced"], story["problem"], story["outcome"]) == (True, "", "success")
    # 10 points short: 10 / 0.5 = 20 more in its category, or as a stickiness bonus; the winner is of the same tier
    assert story["would_differ"] == [
        f"{SMALL} was 10 points short of 40.",
        "Its category score of 60 would have had to be over 80.",
        "Had it been the conversation's previous model, a stickiness bonus over 20 would have done.",
        "A speed bonus over 10 in place of 0 would have done.",
    ]
    json.dumps({**story, "at": str(story["at"])})


def test_the_weight_of_another_tier_is_told_and_would_do() -> None:
    """best:large is mid: 36 points of 90 x 0.4 against the 24 of 80 x 0.3."""
    story = decisions.as_json(explained(request(asked={"complexity": "complex"})))
    assert (story["model"], story["runner_up"]["model"]) == (LARGE, MIDDLE)
    assert "The weight of its cheap tier, 0.3, would have had to be over 0.45." in story["would_differ"]
    tune(weight_complex_cheap=Decimal("0.46"))
    assert Record.objects.get(pk=request(asked={"complexity": "complex"})).model == MIDDLE


def test_what_would_have_had_to_differ_does_make_the_runner_up_win() -> None:
    operation = request()
    tune(speed_bonuses={"small": 10.01})
    assert Record.objects.get(pk=request()).model == SMALL
    tune(speed_bonuses={"small": 9.99})
    assert Record.objects.get(pk=request()).model == MIDDLE
    tune(weight_moderate_cheap=Decimal("0.5"), speed_bonuses={"thinking": -5}, stickiness_bonus=Decimal("20.01"))
    assert Record.objects.get(pk=request(Constraints(previous_model=SMALL))).model == SMALL
    assert explained(operation).is_same


@pytest.mark.parametrize(
    ("constraints", "sentence"),
    [
        (Constraints(policy="code"), f"{SMALL} would have to stand before {LARGE} in policy code, or that one be out."),
        (Constraints(previous_model=LARGE, keeps_model=True),
         f"The conversation would have had to be a new one: it keeps {LARGE} while that model can answer."),
        (Constraints(previous_model=MIDDLE, keeps_model=True), f"The conversation keeps {MIDDLE}, which leads by score as well."),
        (Constraints(previous_model=SMALL, priority="quality"), f"By the priority quality {SMALL} stands first"),
        (Constraints(preferred_models=frozenset({LARGE}), candidates=(SMALL, LARGE)),
         f"Without the preferred providers {SMALL} would have won by score, 30 to 27."),
        (Constraints(preferred_models=frozenset({SMALL}), previous_model=MIDDLE, candidates=(SMALL,)), ""),
    ],
)  # fmt: skip
def test_what_was_asked_for_on_top_is_named(constraints: Constraints, sentence: str) -> None:
    sentences = decisions.as_json(explained(request(constraints)))["would_differ"]
    assert sentences[0].startswith(sentence) if sentence else sentences == []


def test_the_model_that_answered_after_a_fallback_is_the_one_that_was_taken() -> None:
    """The first candidate failed and the second answered: the decision itself is the same."""
    operation = request(model=SMALL, fallback_used=True)
    found = explained(operation)
    assert (found.is_same, found.record.model) == (True, SMALL)
    story = decisions.as_json(found)
    assert (story["model"], story["fallback_used"], story["candidates"][0]["model"]) == (SMALL, True, MIDDLE)
    assert story["why"] == (
        f"{SMALL} stands in for {MIDDLE}, which could not be used: score 30, 60 in its category times 0.5 for the cheap tier."
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"fingerprint": "0" * 16},
        {"constraints": {"max_cost_usd": "0.0005"}},
        {"task": {"category": "coding", "complexity": "simple", "input_tokens": 1_000, "origin": "given"}},
    ],
)
def test_a_record_that_was_tampered_with_does_not_come_out_the_same(changes: dict[str, Any]) -> None:
    operation = request()
    record = Record.objects.get(pk=operation)
    Record.objects.filter(pk=operation).update(decision={**record.decision, **changes})
    found = explained(operation)
    assert (found.is_same, found.decision is not None) == (False, True)
    assert found.problem == "Decided again, it comes out otherwise: the code's rules have changed since."


def test_a_record_of_another_moment_or_release_does_not_come_out_the_same() -> None:
    operation = request(Constraints(previous_model=SMALL))
    tune(stickiness_bonus=1)
    Record.objects.filter(pk=operation).update(router_release=2)
    assert not explained(operation).is_same


def test_what_could_be_called_is_kept_once_for_all_requests_of_a_time() -> None:
    for _ in range(3):
        request()
    other = request(availability=AVAILABILITIES[1])
    assert AvailabilityFacts.objects.count() == 2
    digest = Record.objects.get(pk=other).decision["availability"]
    AvailabilityFacts.objects.filter(pk=digest).delete()
    found = explained(other)
    assert (found.decision, found.is_same) == (None, False)
    assert (
        found.problem
        == f"It cannot be decided again: What could be called at that moment is not kept under '{digest}'."
    )
    assert decisions.as_json(found)["task"]["category"] == "coding"


def test_a_model_that_is_no_candidate_any_more_does_not_come_out_the_same() -> None:
    found = explained(request(model=SMALL, provider="acme"))
    assert found.is_same
    Record.objects.filter(pk=found.record.pk).update(model="other:model")
    assert not explained(found.record.pk).is_same


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"decision": {}}, "The record does not keep what its decision came from."),
        ({"decision": {"why": "a:b suits best."}}, "The record does not keep what its decision came from."),
        ({"catalogue_release": 77}, "It cannot be decided again: Line catalogue has no release 77."),
        ({"router_release": 77}, "It cannot be decided again: Line router has no release 77."),
    ],
)
def test_what_cannot_be_decided_again_says_why_and_is_told_as_far_as_it_goes(
    columns: dict[str, Any], problem: str
) -> None:
    found = explained(request(**columns))
    assert (found.decision, found.is_same, found.problem) == (None, False, problem)
    story = decisions.as_json(found)
    assert (story["reproduced"], story["candidates"], story["would_differ"]) == (False, [], [])
    with pytest.raises(NotReproducible):
        decisions.reproduce(found.record)


def test_a_release_that_cannot_be_read_any_more_says_so() -> None:
    operation = request()
    Release.objects.filter(line="router").update(bundle={"config": {}})
    assert explained(operation).problem.startswith("It cannot be decided again: config.stickiness_bonus")


def test_a_record_is_found_for_its_own_account_only() -> None:
    operation = request(account_id=3)
    everybodys, own, others = (Record.objects.filter(**who) for who in ({}, {"account_id": 3}, {"account_id": 4}))
    assert decisions.find(operation, everybodys).pk == operation
    assert decisions.find(str(operation), own).pk == operation
    for sought, among in ((operation, others), (uuid.uuid4(), everybodys), ("horse", everybodys)):
        with pytest.raises(UnknownOperation, match="There is no record of a request"):
            decisions.find(sought, among)


def test_a_decision_of_last_month_is_found() -> None:
    assert explained(request(at=now() - timedelta(days=40))).is_same


# --- the command


def explain(*arguments: str) -> str:
    out = StringIO()
    call_command("explain", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_tells_the_story_in_lines() -> None:
    operation = request(Constraints(blocked_models=frozenset({LARGE}), rules=("no large",)))
    said = explain(str(operation)).splitlines()
    assert said[0].startswith(f"{MIDDLE} suits a moderate coding task best: score 40")
    assert "; rule no large fired; " in said[0]
    assert said[1] == f"  {SMALL} was 10 points short of 40."
    assert said[-2:] == [f"  out: {LARGE}: it is blocked by a rule of yours", "decided again: the same to the bit"]


def test_the_command_tells_json_and_what_cannot_be_decided_again() -> None:
    operation = request(router_release=77)
    story = json.loads(explain(str(operation), "--json"))
    assert (story["operation_id"], story["reproduced"]) == (str(operation), False)
    last = explain(str(operation)).splitlines()[-1]
    assert last == "decided again: It cannot be decided again: Line router has no release 77."


@pytest.mark.parametrize("given", ["horse", str(uuid.UUID(int=1))])
def test_the_command_refuses_an_id_that_no_record_has(given: str) -> None:
    insert()
    with pytest.raises(CommandError, match="There is no record of a request"):
        explain(given)
