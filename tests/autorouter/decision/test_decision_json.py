"""What a record keeps of a decision is read back as it was, and is enough to decide the same again."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autorouter.decision import decision_json
from autorouter.decision.ranking import Rankings
from autorouter.decision.router import decide
from autorouter.types import (
    CATEGORIES,
    COMPLEXITIES,
    COST_TIERS,
    NEEDS,
    PRIORITIES,
    READERS,
    Constraints,
    Decision,
    Reading,
    Task,
)
from tests.autorouter.fakes import NOW, SANDBOXED, catalogue, model, profile, router, task, whole_decision

WORD = st.text(max_size=8)
WORDS = st.frozensets(WORD, max_size=3)
LISTED = st.lists(WORD, max_size=3).map(tuple)
AMOUNT = st.decimals(0, 1_000_000, allow_nan=False, places=9)
COUNT = st.integers(0, 10**9)
CONSTRAINTS = st.builds(
    Constraints,
    previous_model=st.none() | WORD,
    candidates=st.none() | LISTED,
    policy=st.none() | WORD,
    priority=st.sampled_from(PRIORITIES),
    max_cost_usd=st.none() | AMOUNT,
    max_latency_ms=st.none() | COUNT,
    max_output_tokens=st.none() | COUNT,
    blocked_providers=WORDS,
    blocked_models=WORDS,
    allowed=st.lists(st.tuples(WORDS, WORDS), max_size=3).map(tuple),
    preferred_providers=WORDS,
    preferred_models=WORDS,
    key_models=st.none() | WORDS,
    allow_internal=st.booleans(),
    allow_pro=st.booleans(),
    unpriced_usd=st.none() | AMOUNT,
    max_tier=st.none() | st.sampled_from(COST_TIERS),
    paused_by=WORD,
    keeps_model=st.booleans(),
    shares_decision=st.booleans(),
    rules=LISTED,
    regions=st.none() | WORDS,
    stand_ins=st.lists(st.tuples(WORD, WORD), max_size=2).map(tuple),
    tested=st.none() | st.tuples(COUNT, st.sampled_from(["a", "b"])),
    leads=st.none() | st.tuples(st.sampled_from(["provider", "model", "tier"]), WORD),
)
LIKELY = st.lists(
    st.tuples(st.sampled_from(CATEGORIES), st.integers(1, 100).map(lambda share: Decimal(share) / 100)), max_size=3
).map(tuple)
TASKS = st.builds(
    Task,
    category=st.sampled_from(CATEGORIES),
    complexity=st.sampled_from(COMPLEXITIES),
    input_tokens=COUNT,
    needs=st.frozensets(st.sampled_from(NEEDS)),
    origin=WORD,
    likely=LIKELY,
    readings=st.lists(
        st.builds(
            Reading,
            by=st.sampled_from(READERS),
            likely=LIKELY,
            complexity=st.sampled_from(COMPLEXITIES),
            took_us=COUNT,
        ),
        max_size=3,
    ).map(tuple),
    terms=st.lists(COUNT, max_size=5).map(tuple),
)


def through_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


@given(CONSTRAINTS)
def test_constraints_are_read_back_as_they_were(constraints: Constraints) -> None:
    read = decision_json.constraints_of(through_json(decision_json.constraints_to_json(constraints)))
    assert read == constraints
    assert hash(read) == hash(constraints)
    assert str(read.max_cost_usd) == str(constraints.max_cost_usd), "the digits too"


@given(TASKS)
def test_a_task_is_read_back_as_it_was(given_task: Task) -> None:
    assert decision_json.task_of(through_json(decision_json.task_to_json(given_task))) == given_task


def test_every_field_of_constraints_and_tasks_is_tried_above() -> None:
    assert set(Constraints.__slots__) == set(CONSTRAINTS.wrapped_strategy.kwargs)  # type: ignore[attr-defined]
    assert set(Task.__slots__) - {"is_long_context"} == set(TASKS.wrapped_strategy.kwargs)  # type: ignore[attr-defined]


def test_plain_constraints_take_no_room() -> None:
    assert decision_json.constraints_to_json(Constraints()) == {}
    assert decision_json.constraints_of({}) == Constraints()


def test_what_a_later_version_wrote_beside_is_left_alone() -> None:
    assert decision_json.constraints_of({"policy": "code", "colour": "red"}) == Constraints(policy="code")


KNOWN = catalogue(model("a:1"), model("a:2", ("2", "6")), model("b:1", is_available=False))


def test_a_record_keeps_what_decides_the_same_again_and_nothing_more() -> None:
    constraints = Constraints(max_cost_usd=Decimal("0.5"), preferred_providers=frozenset({"a"}), rules=("one",))
    rankings = Rankings(catalogue=KNOWN, router=router(), availability=SANDBOXED)
    decision = decide(rankings, task(needs=frozenset({"tools"})), constraints, NOW)
    text = decision_json.dumps(decision, "the digest")
    record = json.loads(text)
    assert record == {
        "task": {"category": "coding", "complexity": "moderate", "input_tokens": 1000, "origin": "given", "needs": ["tools"]},
        "constraints": {"max_cost_usd": "0.5", "preferred_providers": ["a"], "rules": ["one"]},
        "availability": "the digest",
        "fingerprint": decision_json.fingerprint(decision),
    }  # fmt: skip
    again = decide(
        rankings, decision_json.task_of(record["task"]), decision_json.constraints_of(record["constraints"]), NOW
    )
    assert again == decision


def test_a_plain_decision_takes_less_than_200_bytes() -> None:
    text = decision_json.dumps(whole_decision(KNOWN, router(), task(), Constraints()), "d" * 32)
    assert len(text) < 200


def test_the_fingerprint_is_the_same_whether_four_or_all_were_looked_for() -> None:
    many = catalogue(*(model(f"a:{at}") for at in range(9)))
    rankings = Rankings(catalogue=many, router=router(), availability=SANDBOXED)
    four, everybody = (decide(rankings, task(), Constraints(), NOW, enough) for enough in (4, None))
    assert (len(four.candidates), len(everybody.candidates)) == (4, 9)
    assert decision_json.fingerprint(four) == decision_json.fingerprint(everybody)


def other(**changes: Any) -> Decision:
    values = {"known": KNOWN, "release": router(), "asked": task(), "constraints": Constraints(), **changes}
    return whole_decision(**values)


@pytest.mark.parametrize(
    "changes",
    [
        {"release": router(profile("a:1", None, coding="70.01"))},
        {"known": catalogue(model("a:1", ("1", "3.000001")), model("a:2", ("2", "6")))},
        {"known": catalogue(model("a:1"))},
        {"known": catalogue(model("a:3"), model("a:2", ("2", "6")))},
        {"constraints": Constraints(previous_model="a:2")},
        {"asked": task(input_tokens=1_001)},
    ],
)
def test_another_order_score_cost_or_model_has_another_fingerprint(changes: dict[str, Any]) -> None:
    assert decision_json.fingerprint(other(**changes)) != decision_json.fingerprint(other())
