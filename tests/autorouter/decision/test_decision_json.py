"""What a record keeps of a decision is read back as it was."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from autorouter.decision import decision_json
from autorouter.decision.explain import task_json
from autorouter.decision.router import decide
from autorouter.types import CATEGORIES, COMPLEXITIES, NEEDS, PRIORITIES, Constraints, Task
from models_registry.types import Availability, Health
from tests.autorouter.fakes import NOW, SANDBOXED, catalogue, model, router, task

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
    allow_internal=st.booleans(),
    keeps_model=st.booleans(),
    rules=LISTED,
)
TASKS = st.builds(
    Task,
    category=st.sampled_from(CATEGORIES),
    complexity=st.sampled_from(COMPLEXITIES),
    input_tokens=COUNT,
    needs=st.frozensets(st.sampled_from(NEEDS)),
    origin=WORD,
)
AVAILABILITIES = st.builds(
    Availability,
    providers=WORDS,
    sandbox=st.booleans(),
    open_circuits=WORDS,
    health=st.builds(Health, down=WORDS, degraded=WORDS),
    latency_ms=st.dictionaries(WORD, COUNT, max_size=3),
)


def through_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


@given(CONSTRAINTS)
def test_a_wish_is_read_back_as_it_was(constraints: Constraints) -> None:
    read = decision_json.constraints_of(through_json(decision_json.constraints_json(constraints)))
    assert read == constraints
    assert hash(read) == hash(constraints)
    assert str(read.max_cost_usd) == str(constraints.max_cost_usd), "the digits too"


@given(TASKS)
def test_a_task_is_read_back_as_it_was(given_task: Task) -> None:
    assert decision_json.task_of(through_json(task_json(given_task))) == given_task


@given(AVAILABILITIES)
def test_a_reach_is_read_back_as_it_was(availability: Availability) -> None:
    assert decision_json.availability_of(through_json(decision_json.availability_json(availability))) == availability


def test_every_field_of_a_wish_is_tried_above() -> None:
    assert set(Constraints.__slots__) == set(CONSTRAINTS.wrapped_strategy.kwargs)  # type: ignore[attr-defined]
    assert set(Availability.__slots__) == set(AVAILABILITIES.wrapped_strategy.kwargs)  # type: ignore[attr-defined]


def test_a_plain_wish_takes_no_room() -> None:
    assert decision_json.constraints_json(Constraints()) == {}
    assert decision_json.constraints_of({}) == Constraints()


def test_what_a_later_version_wrote_beside_is_left_alone() -> None:
    assert decision_json.constraints_of({"policy": "code", "colour": "red"}) == Constraints(policy="code")


def test_a_record_of_before_there_were_probes_reads_as_healthy() -> None:
    assert decision_json.availability_of({"providers": ["a"], "sandbox": False}) == Availability(
        providers=frozenset({"a"}), sandbox=False
    )


def test_a_record_decides_the_same_again() -> None:
    known, release = catalogue(model("a:1"), model("a:2", ("2", "6")), model("b:1", is_available=False)), router()
    constraints = Constraints(max_cost_usd=Decimal("0.5"), preferred_providers=frozenset({"a"}), rules=("one",))
    decision = decide(known, release, task(needs=frozenset({"tools"})), constraints, SANDBOXED, NOW)
    kept = through_json(decision_json.as_json(decision, decision.candidates[0], SANDBOXED, NOW))
    again = decide(
        known, release, decision_json.task_of(kept["task"]), decision_json.constraints_of(kept["constraints"]),
        decision_json.availability_of(kept["availability"]), datetime.fromisoformat(kept["at"]),
    )  # fmt: skip
    assert again == decision
    assert (kept["taken"]["model"], kept["runner_up"]["model"]) == ("a:1", "a:2")
    assert (kept["candidates"], kept["excluded"]) == (2, 1)


def test_the_runner_up_of_a_fallback_is_the_first_that_was_not_taken() -> None:
    decision = decide(catalogue(model("a:1"), model("a:2")), router(), task(), Constraints(), SANDBOXED, NOW)
    kept = decision_json.as_json(decision, decision.candidates[1], SANDBOXED, NOW)
    assert (kept["taken"]["model"], kept["runner_up"]["model"]) == ("a:2", "a:1")
    alone = decide(catalogue(model("a:1")), router(), task(), Constraints(), SANDBOXED, NOW)
    assert decision_json.as_json(alone, alone.candidates[0], SANDBOXED, NOW)["runner_up"] is None
