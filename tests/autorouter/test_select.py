"""One function selects, through whichever door a request comes: its own wishes, then the user's, then the decision."""

from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import pytest

from autorouter.decision.ranking import Rankings
from autorouter.decision.rules import Names, Rule, When
from autorouter.errors import RouterError, UnknownModel, UnknownPolicy, UnknownTaskType
from autorouter.people.preferences import NONE, Preferences
from autorouter.select import Asked, check, constraints_of, select
from autorouter.types import Constraints, Decision
from tests.autorouter.fakes import NOW, SANDBOXED, catalogue, model, policy, profile, router, task

KNOWN = catalogue(
    model("a:best"), model("a:cheap", ("0.1", "0.3")), model("b:other"), model("b:inside", is_internal_only=True)
)
RELEASE = replace(
    router(
        profile("a:best", "99", coding="99"), profile("a:cheap", "10", coding="10"),
        policies=(policy("code", "b:other", "a:best"), policy("ops", "a:cheap")),
    ),
    task_types={"fix_bug": "code"},
)  # fmt: skip
RANKINGS = Rankings(catalogue=KNOWN, router=RELEASE, availability=SANDBOXED)


def selected(own: Preferences = NONE, enough: int | None = 4, **asked: Any) -> Decision:
    return select(RANKINGS, Asked(**asked), own, task(), NOW, enough)


def chosen(own: Preferences = NONE, **asked: Any) -> str | None:
    found = selected(own, **asked).chosen
    return found.model if found else None


def test_a_request_that_asks_nothing_has_no_constraints() -> None:
    assert constraints_of(Asked(), RELEASE) == Constraints()
    assert chosen() == "a:best"


def test_what_a_request_asks_becomes_its_constraints() -> None:
    asked = Asked(
        policy="ops", candidates=("a:best",), previous_model="a:cheap", max_cost_usd=Decimal(1), max_latency_ms=5,
        max_output_tokens=7, allow_internal=True,
    )  # fmt: skip
    assert constraints_of(asked, RELEASE) == Constraints(
        policy="ops", candidates=("a:best",), previous_model="a:cheap", max_cost_usd=Decimal(1), max_latency_ms=5,
        max_output_tokens=7, allow_internal=True,
    )  # fmt: skip


def test_nothing_that_may_be_asked_is_forgotten() -> None:
    named = {field.name for field in fields(Asked)}
    elsewhere = {"task_type", "session_model", "priority", "tags"}
    assert named - elsewhere <= {field.name for field in fields(Constraints)}


@pytest.mark.parametrize(
    ("asked", "previous", "keeps"),
    [
        ({"session_model": "b:other"}, "b:other", True),
        ({"previous_model": "b:other"}, "b:other", False),
        ({"previous_model": "a:cheap", "session_model": "b:other"}, "a:cheap", False),
        ({"previous_model": "", "session_model": ""}, "", False),
        ({}, None, False),
    ],
)
def test_a_sessions_model_is_kept_unless_the_request_names_another(asked: Any, previous: Any, keeps: bool) -> None:
    constraints = constraints_of(Asked(**asked), RELEASE)
    assert (constraints.previous_model or None, constraints.keeps_model) == (previous or None, keeps)


def test_a_task_type_stands_for_its_policy_unless_one_is_named() -> None:
    assert chosen(task_type="fix_bug") == "b:other"
    assert chosen(task_type="fix_bug", policy="ops") == "a:cheap"


def test_internal_models_answer_those_who_may_see_them() -> None:
    assert chosen(candidates=("b:inside",)) is None
    assert chosen(candidates=("b:inside",), allow_internal=True) == "b:inside"


def test_the_users_preferences_and_rules_count_by_the_requests_tags() -> None:
    own = Preferences(
        priority="cost",
        rules=(Rule(name="not b", when=When(tag=frozenset({"x"})), block=Names(models=frozenset({"a:best"}))),),
    )
    assert selected(own).constraints.priority == "cost"
    assert selected(own, priority="quality").constraints.priority == "quality"
    assert "a:best" in [each.model for each in selected(own).candidates]
    tagged = selected(own, enough=None, tags=("y", "x"))
    assert tagged.constraints.rules == ("not b",)
    assert "a:best" in [out.model for out in tagged.excluded]


def test_a_rule_never_makes_a_request_fail() -> None:
    own = Preferences(rules=(Rule(name="gone", when=When(), policy="gone"),))
    assert chosen(own) == "a:best"


def test_few_candidates_are_looked_for_unless_all_are_asked_for() -> None:
    assert [len(selected(enough=enough).candidates) for enough in (1, 2, None)] == [1, 2, 3]
    assert [out.model for out in selected(enough=None).excluded] == ["b:inside"]
    assert selected().excluded == ()


BAD: list[tuple[dict[str, Any], type[RouterError], str]] = [
    ({"candidates": ("a:best", "a:gone")}, UnknownModel, "There is no model 'a:gone'."),
    ({"policy": "gone"}, UnknownPolicy, "There is no active policy 'gone'. Allowed: code, ops."),
    ({"task_type": "dance"}, UnknownTaskType, "There is no task type 'dance'. Allowed: fix_bug."),
    ({"task_type": "dance", "policy": "code"}, UnknownTaskType, "There is no task type 'dance'. Allowed: fix_bug."),
]


@pytest.mark.parametrize(("asked", "error", "message"), BAD)
def test_what_there_is_not_is_an_error_before_and_at_the_decision(asked: Any, error: Any, message: str) -> None:
    for refuse in (lambda: check(RANKINGS, Asked(**asked)), lambda: selected(**asked)):
        with pytest.raises(error) as caught:
            refuse()
        assert str(caught.value).startswith(message)


def test_the_unknown_candidate_is_named_by_its_place() -> None:
    with pytest.raises(UnknownModel) as caught:
        check(RANKINGS, Asked(candidates=("a:best", "a:gone")))
    assert caught.value.field == "candidates[1]"


def test_what_is_good_passes_the_check() -> None:
    check(RANKINGS, Asked())
    check(RANKINGS, Asked(policy="code", candidates=("a:best",), task_type="fix_bug", previous_model="a:gone"))
