"""What the router model says about a request, and what counts when it says nothing of use."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from autorouter.types import Task
from models_registry.upstream.errors import Failed
from routerhub.gateway.operation import Arrival
from routerhub.gateway.protocols.base import Controls
from routerhub.gateway.reading import task_of
from routerhub.gateway.router_model import TAG, read_answer
from routerhub.gateway.runtime import Runtime
from tests.autorouter import fakes as router_fakes
from tests.gateway.fakes import FakeUpstream, again, completion, operation, rankings, request, runtime

pytestmark = pytest.mark.anyio
SMALL = "acme:small"
GOOD = completion('{"category": "reasoning", "complexity": "complex"}')


def asking(*script: Any, **config: Any) -> tuple[Runtime, Arrival]:
    """A gateway whose router model is asked, and a request that says hello, tagged."""
    router = router_fakes.router(
        classifies_with_model="always", router_model=SMALL, router_max_retries=2, router_deadline_ms=1_500, **config
    )
    met = rankings(router=router)
    arrival = operation(asked=request(controls=Controls(tags=("mine",))), met=met).arrival
    return runtime(FakeUpstream(*script), met=met), arrival


async def found(*script: Any) -> tuple[Runtime, Task]:
    made, arrival = asking(*script)
    return made, await task_of(made, arrival)


def asked_of(made: Runtime) -> list[Any]:
    return list(made.upstreams._adapters["openai"].asked)  # type: ignore[attr-defined]


async def test_its_answer_counts_and_the_task_says_so() -> None:
    made, task = await found(GOOD)
    assert (task.category, task.complexity, task.origin) == ("reasoning", "complex", f"model {SMALL}")
    (sent,) = asked_of(made)
    assert sent.content["messages"][1]["content"] == "<request>\nHello\n</request>"
    (record,) = made.ledger.records  # type: ignore[attr-defined]
    assert (record["outcome"], record["tags"], record["requested_model"]) == ("success", ("mine", TAG), SMALL)
    assert record["cost_nano"] > 0


async def test_nonsense_is_asked_again_so_often_as_staff_allow_and_each_time_paid_for() -> None:
    made, task = await found(completion("I cannot"))
    assert task.origin == f"local, since {SMALL} failed: none of 3 answers was of the form that was asked for"
    assert [record["cost_nano"] > 0 for record in made.ledger.records] == [True] * 3  # type: ignore[attr-defined]


async def test_a_failure_is_no_reason_to_refuse_the_request() -> None:
    _, task = await found(Failed("out of order", status=500))
    assert task.origin.startswith(f"local, since {SMALL} failed: No deployment answered.")
    assert (task.category, task.complexity) == ("conversation", "simple")


async def test_silence_is_cut_at_the_deadline_and_settled() -> None:
    made, arrival = asking(asyncio.Event())
    config = replace(arrival.rankings.router.config, router_deadline_ms=20)
    met = again(arrival.rankings, router=replace(arrival.rankings.router, config=config))
    task = await task_of(made, replace(arrival, rankings=met))
    assert task.origin == f"local, since {SMALL} failed: no answer within 20 ms"
    (record,) = made.ledger.records  # type: ignore[attr-defined]
    assert (record["outcome"], record["cost_nano"] > 0) == ("abandoned", True)


async def test_where_staff_did_not_switch_it_on_and_in_a_dry_run_nobody_is_asked() -> None:
    made, arrival = asking(GOOD)
    dry = replace(arrival, request=request(controls=Controls(dry_run=True)))
    assert (await task_of(made, dry)).origin == "local"
    off = replace(arrival.rankings.router, config=replace(arrival.rankings.router.config, classifies_with_model="off"))
    assert (await task_of(made, replace(arrival, rankings=again(arrival.rankings, router=off)))).origin == "local"
    assert asked_of(made) == []


@pytest.mark.parametrize(
    "text",
    ["", "{", '["coding"]', '{"category": "cooking", "complexity": "simple"}', '{"category": ["x"], "complexity": "simple"}',
     '{"category": "multimodal", "complexity": "simple"}', '{"complexity": "simple"}', "{}"],
)  # fmt: skip
async def test_anything_else_is_no_answer(text: str) -> None:
    assert read_answer(completion(text)) is None


async def test_words_around_the_answer_do_no_harm() -> None:
    assert read_answer(completion('Sure: {"category": "creative", "complexity": "simple"} - bye')) == (
        "creative",
        "simple",
    )
    assert read_answer(completion(choices=[])) is None
