"""What table and encoder make of a request together, over a real socket, and what counts when the encoder is silent."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from autorouter.classification.classify import read_locally
from autorouter.classification.mixing import mixed
from autorouter.encoder.asking import Asker
from autorouter.encoder.blocking import asker_at
from autorouter.types import Reading, Task
from autorouter.viewsets import decisions
from routerhub.gateway.observation import metrics
from routerhub.gateway.protocols.base import Controls
from routerhub.gateway.reading import task_of
from tests.autorouter import fakes as router_fakes
from tests.autorouter.encoder.fake import CODING, FakeEncoder
from tests.gateway.fakes import FakeUpstream, completion, operation, rankings, request, runtime

pytestmark = pytest.mark.anyio
MESSAGES = [{"role": "user", "content": "Hello there"}, {"role": "user", "content": "Tell me of lists"}]
UNSURE, SURE = Decimal(1), Decimal(0)


async def read(encoder: FakeEncoder, threshold: Decimal = UNSURE, **config: Any) -> Task:
    """What a gateway makes of MESSAGES."""
    values = {"encoder_threshold": threshold, "encoder_deadline_ms": 1_000, **config}
    met = rankings(router=router_fakes.router(**values))
    made = runtime(FakeUpstream(completion()), met=met)
    made.encoder = Asker(encoder.address)
    await made.encoder.connect()
    asked = request(messages=MESSAGES, controls=Controls(dry_run=True))
    task = await task_of(made, operation(asked=asked, met=met).arrival)
    made.encoder.stop()
    return task


def counted(result: str) -> int:
    return sum(metrics.ENCODER.labels(result).counts)


async def test_where_the_table_is_unsure_both_decide_and_the_task_says_what_each_of_them_read(
    encoder: FakeEncoder,
) -> None:
    before = counted("answered")
    task, table = await read(encoder), read_locally(MESSAGES).judged
    assert table is not None
    both = mixed(table, CODING)
    assert (task.category, task.complexity, task.likely) == (both.category, both.complexity, both.likely)
    assert task.origin == "encoder"
    first, second = task.readings
    assert (first.by, first.likely) == ("table", table.likely)
    assert second == Reading(by="encoder", likely=CODING.likely, complexity="moderate", took_us=second.took_us)
    assert second.took_us > 0
    assert encoder.judge.judged == ["Tell me of lists"], "the last user message is what is read"
    assert counted("answered") == before + 1


async def test_a_selection_and_a_dry_run_of_a_page_say_the_same_as_a_request(
    encoder: FakeEncoder, settings: Any
) -> None:
    settings.ENCODER_SOCKET = encoder.address
    router = router_fakes.router(encoder_threshold=UNSURE, encoder_deadline_ms=1_000)
    selected = await asyncio.to_thread(decisions._task, {"messages": MESSAGES, "stream": False}, router)
    task = await read(encoder)
    assert [replace(each, readings=()) for each in (selected, task)] == [replace(task, readings=())] * 2
    assert [reading.by for reading in selected.readings] == ["table", "encoder"]
    asker = asker_at(encoder.address)
    assert asker is not None
    asker.stop()
    settings.ENCODER_SOCKET = ""
    assert decisions._task({"messages": MESSAGES, "stream": False}, router).origin == "local"


@pytest.mark.parametrize("config", [{"threshold": SURE}, {"asks_encoder": False}])
async def test_where_the_table_is_sure_or_it_is_switched_off_nobody_is_asked(
    encoder: FakeEncoder, config: dict[str, Any]
) -> None:
    task = await read(encoder, **config)
    assert (task.origin, task.readings, encoder.judge.judged) == ("local", (), [])


async def test_a_late_or_missing_encoder_leaves_it_to_the_table_and_the_task_says_so(encoder: FakeEncoder) -> None:
    local = read_locally(MESSAGES).task
    encoder.judge.may_go.clear()
    late = await read(encoder, encoder_deadline_ms=10)
    encoder.kill()
    away = await read(encoder)
    encoder.start()
    assert late.origin == "local, since the encoder gave no answer within 10 ms"
    assert away.origin == "local, since the encoder is not there"
    assert {(task.category, task.complexity, task.likely) for task in (late, away)} == {
        (local.category, local.complexity, local.likely)
    }
