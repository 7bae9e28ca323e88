"""What the router model says about a request, and what counts when it says nothing of use."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from autorouter.classification.definitions import CATEGORY_DEFINITIONS, COMPLEXITY_DEFINITIONS
from autorouter.encoder.asking import Asker
from autorouter.types import QUESTION_TAG, Task
from models_registry.upstream.errors import Failed
from routerhub.gateway.operation import Arrival
from routerhub.gateway.protocols.base import Controls
from routerhub.gateway.reading import task_of
from routerhub.gateway.router_model import QUESTION, read_answer
from routerhub.gateway.runtime import SORTED_S, Runtime
from tests.autorouter import fakes as router_fakes
from tests.autorouter.encoder.fake import FakeEncoder
from tests.gateway.fakes import FakeUpstream, again, completion, operation, rankings, request, runtime

pytestmark = pytest.mark.anyio
SMALL = "acme:small"
GOOD = completion('{"category": "reasoning", "complexity": "complex"}')


def asking(*script: Any, **config: Any) -> tuple[Runtime, Arrival]:
    """A gateway whose router model is asked, and a request that says hello, tagged."""
    values = {"classifies_with_model": "always", "router_model": SMALL, "router_max_retries": 2, "asks_encoder": False}
    router = router_fakes.router(**{**values, **config})
    met = rankings(router=router)
    arrival = operation(asked=request(controls=Controls(tags=("mine",))), met=met).arrival
    return runtime(FakeUpstream(*script), met=met), arrival


async def found(*script: Any) -> tuple[Runtime, Task]:
    made, arrival = asking(*script)
    return made, await task_of(made, arrival)


def router_model(arrival: Arrival, name: str) -> Arrival:
    """The same request where another model is asked."""
    router = arrival.rankings.router
    changed = replace(router, config=replace(router.config, router_model=name))
    return replace(arrival, rankings=again(arrival.rankings, router=changed))


def asked_of(made: Runtime) -> list[Any]:
    return list(made.upstreams._adapters["openai"].asked)  # type: ignore[attr-defined]


async def test_its_answer_counts_and_the_task_says_so() -> None:
    made, task = await found(GOOD)
    assert (task.category, task.complexity, task.origin) == ("reasoning", "complex", f"model {SMALL}")
    (sent,) = asked_of(made)
    assert sent.content["messages"][1]["content"] == "<request>\nHello\n</request>"
    (record,) = made.ledger.records  # type: ignore[attr-defined]
    assert (record["outcome"], record["tags"], record["requested_model"]) == ("success", ("mine", QUESTION_TAG), SMALL)
    assert record["cost_nano"] > 0


async def test_it_is_told_what_each_category_and_complexity_means() -> None:
    for name, meaning in (*CATEGORY_DEFINITIONS.items(), *COMPLEXITY_DEFINITIONS.items()):
        assert (f"- {name}: {meaning}" in QUESTION) == (name != "multimodal"), "attachments are not asked about"
    assert len(QUESTION) < 2_500, "some 500 tokens are paid with each"


async def test_the_task_tells_what_each_reader_said_and_claims_no_probability_for_the_models_word() -> None:
    made, arrival = asking([1.25, GOOD])
    task = await task_of(made, arrival)
    table, model = task.readings
    assert (table.by, table.likely[0][0], table.complexity) == ("table", "conversation", "simple")
    assert (model.by, model.likely, model.complexity) == ("model", (("reasoning", Decimal(1)),), "complex")
    assert model.took_us == 1_250_000
    assert (task.likely, task.confidence, task.second) == ((), None, None)


@pytest.mark.parametrize(
    ("script", "origin", "readers"),
    [
        (GOOD, f"model {SMALL}", ["table", "encoder", "model"]),
        (completion("hm"), f"encoder, since {SMALL} failed: none of 1 answers was", ["table", "encoder"]),
    ],
)
async def test_it_is_asked_after_the_encoder_whose_word_counts_where_it_fails(
    encoder: FakeEncoder, script: Any, origin: str, readers: list[str]
) -> None:
    both = {"asks_encoder": True, "encoder_threshold": Decimal(1), "encoder_deadline_ms": 1_000}
    made, arrival = asking(script, router_max_retries=0, **both)
    made.encoder = Asker(encoder.address)
    await made.encoder.connect()
    before = await task_of(made, replace(arrival, request=request(controls=Controls(dry_run=True))))
    task = await task_of(made, arrival)
    made.encoder.stop()
    assert [each.by for each in task.readings] == readers
    assert task.origin.startswith(origin)
    named = ("reasoning", ())
    assert (task.category, task.likely) == (named if script is GOOD else (before.category, before.likely))
    assert before.origin == "encoder"


async def test_a_silent_encoder_and_a_silent_model_are_both_told() -> None:
    made, arrival = asking(completion("hm"), asks_encoder=True, encoder_threshold=Decimal(1), router_max_retries=0)
    made.encoder = Asker("/nowhere/encoder.sock")
    assert (await task_of(made, arrival)).origin == (
        f"local, since the encoder is not there; {SMALL} failed: none of 1 answers was of the form that was asked for"
    )


@pytest.mark.parametrize(("threshold", "is_asked"), [("1", True), ("0", False)])
async def test_when_unsure_it_is_asked_below_the_threshold_alone(threshold: str, is_asked: bool) -> None:
    unsure = request(messages=[{"role": "user", "content": "Compare these three."}])
    made, arrival = asking(GOOD, classifies_with_model="unsure", model_threshold=Decimal(threshold))
    task = await task_of(made, replace(arrival, request=unsure))
    assert (task.origin, len(asked_of(made))) == ((f"model {SMALL}", 1) if is_asked else ("local", 0))


async def test_where_there_is_no_word_there_is_nothing_to_ask() -> None:
    made, arrival = asking(GOOD)
    assert (await task_of(made, replace(arrival, request=request(messages=[])))).origin == "local"
    assert asked_of(made) == []


async def test_an_equal_request_of_the_account_is_answered_from_before_for_a_while() -> None:
    made, arrival = asking(GOOD)
    first, second = await task_of(made, arrival), await task_of(made, arrival)
    assert first == second, "it was waited for no longer than a dictionary takes"
    assert len(asked_of(made)) == 1
    other_key = replace(arrival, caller=replace(arrival.caller, key_id=99))
    await task_of(made, other_key)
    assert len(asked_of(made)) == 1
    for changed in (
        replace(arrival, caller=replace(arrival.caller, account_id=8)),
        replace(arrival, request=request(messages=[{"role": "user", "content": "Hello!"}])),
        router_model(arrival, "acme:middle"),
    ):
        before = len(asked_of(made))
        await task_of(made, changed)
        assert len(asked_of(made)) == before + 1, "another account, prompt or router model"
    made.clock.seconds += SORTED_S  # type: ignore[attr-defined]
    await task_of(made, arrival)
    assert len(asked_of(made)) == 5


async def test_equal_requests_at_once_are_one_question_and_its_failure_is_asked_again_later() -> None:
    made, arrival = asking(Failed("out of order", status=500), router_max_retries=0)
    tasks = await asyncio.gather(*(task_of(made, arrival) for _ in range(3)))
    assert {task.origin.partition(",")[0] for task in tasks} == {"local"}
    (first,) = {record["operation_id"] for record in made.ledger.records}  # type: ignore[attr-defined]
    upstream: Any = made.upstreams._adapters["openai"]
    upstream.script = [GOOD]
    assert {task.origin for task in await asyncio.gather(*(task_of(made, arrival) for _ in range(3)))} == {
        f"model {SMALL}"
    }
    assert [record["operation_id"] == first for record in made.ledger.records] == [True, False]  # type: ignore[attr-defined]


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
