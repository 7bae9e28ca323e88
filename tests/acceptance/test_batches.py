"""Files and batches as OpenAI's own client asks for them: real HTTP, real PostgreSQL, a real worker, the sandbox as provider."""

import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import openai
import pytest
from celery import Celery
from openai.types import Batch

from routerhub.embedded.processes import Child
from routerhub.gateway.batches.waking import TASK
from tests.stack import Stack, eventually

pytestmark = pytest.mark.xdist_group("stack")
CHAT: Any = "/v1/chat/completions"
ENDED = {"completed", "failed", "expired", "cancelled"}
BODIES: dict[str, Any] = {
    CHAT: {"model": "auto", "messages": [{"role": "user", "content": "Hello"}]},
    "/v1/responses": {"model": "auto", "input": "Hello"},
    "/v1/embeddings": {"model": "text-embedding-3-small", "input": "Hello"},
    "/v1/messages": {"model": "auto", "max_tokens": 100, "messages": [{"role": "user", "content": "Hello"}]},
}
PACE = {"BATCH_LEASE_S": "2", "BATCH_CONCURRENCY": "2"}


def connected(stack: Stack, key: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{stack.url}/v1", api_key=key, max_retries=0)


@pytest.fixture(scope="module")
def key(stack: Stack) -> str:
    return stack.new_key("--account=batches")


@pytest.fixture
def client(stack: Stack, key: str) -> Iterator[openai.OpenAI]:
    with connected(stack, key) as client:
        yield client


@pytest.fixture
def other(stack: Stack) -> Iterator[openai.OpenAI]:
    """Somebody of another account."""
    with connected(stack, stack.new_key("--account=strangers")) as client:
        yield client


def new_worker(stack: Stack, folder: Path) -> Child:
    command = [sys.executable, "-m", "celery", "-A", "routerhub.celery", "worker", "--pool=threads", "--concurrency=1"]
    child = Child(name="worker", command=[*command, "-l", "INFO"], log=folder / "worker.log", env={**stack.env, **PACE})
    child.start()
    return child


@pytest.fixture(scope="module")
def worker(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    child = new_worker(stack, tmp_path_factory.mktemp("worker"))
    yield child
    child.stop()


def line(custom_id: str, url: str = CHAT, **body: Any) -> dict[str, Any]:
    return {"custom_id": custom_id, "method": "POST", "url": url, "body": {**BODIES[url], **body}}


def made(client: openai.OpenAI, lines: Sequence[dict[str, Any]], endpoint: Any = CHAT, **more: Any) -> Batch:
    content = "".join(json.dumps(each) + "\n" for each in lines).encode()
    file = client.files.create(file=("in.jsonl", content), purpose="batch")
    return client.batches.create(input_file_id=file.id, endpoint=endpoint, completion_window="24h", **more)


def ended(client: openai.OpenAI, batch: Batch, broker: str = "") -> Batch:
    """The batch when it has ended. With a broker, workers are woken until then, as beat does every ten seconds."""

    def found() -> Batch | None:
        if broker:
            Celery(broker=broker).send_task(TASK)
        now = client.batches.retrieve(batch.id)
        return now if now.status in ENDED else None

    now: Batch = eventually(found, within_s=60)
    return now


def lines_of(client: openai.OpenAI, file_id: str | None) -> list[Any]:
    assert file_id is not None
    return [json.loads(each) for each in client.files.content(file_id).text.splitlines()]


@pytest.mark.usefixtures("worker")
def test_the_official_client_gets_a_batch_done_and_reads_what_each_line_cost(client: openai.OpenAI) -> None:
    batch = made(client, [*(line(f"n{at}") for at in range(5)), line("bad", max_tokens=0)], metadata={"for": "tests"})
    assert (batch.status, batch.metadata, batch.output_file_id) == ("validating", {"for": "tests"}, None)
    done = ended(client, batch)
    assert done.status == "completed"
    assert done.request_counts is not None
    assert done.request_counts.to_dict() == {"total": 6, "completed": 5, "failed": 1}
    answers, errors = lines_of(client, done.output_file_id), lines_of(client, done.error_file_id)
    assert [each["custom_id"] for each in answers] == [f"n{at}" for at in range(5)]
    assert answers[0]["response"]["body"]["choices"][0]["message"]["content"].startswith("[sandbox]")
    assert (errors[0]["custom_id"], errors[0]["response"]["status_code"]) == ("bad", 400)
    told: Any = done.to_dict()["routerhub"]
    assert Decimal(told["cost_usd"]) == sum(Decimal(each["routerhub"]["cost_usd"]) for each in answers) > 0
    ((_, model),) = told["models"].items()
    assert {each["response"]["body"]["model"] for each in answers} == {model}


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("endpoint", [each for each in BODIES if each != CHAT])
def test_every_dialect_can_be_asked_in_a_batch(client: openai.OpenAI, endpoint: str) -> None:
    done = ended(client, made(client, [line("a", endpoint), line("bad", endpoint, model="no-such-model")], endpoint))
    (answer,), (error,) = lines_of(client, done.output_file_id), lines_of(client, done.error_file_id)
    body = answer["response"]["body"]
    assert ("data" in body) or ("output" in body) or (body["type"] == "message")
    is_anthropic = endpoint == "/v1/messages"
    assert (error["response"]["status_code"], error["response"]["body"].get("type")) == (
        404,
        "error" if is_anthropic else None,
    )


@pytest.mark.usefixtures("worker")
def test_nobody_of_another_account_sees_files_or_batches(client: openai.OpenAI, other: openai.OpenAI) -> None:
    done = ended(client, made(client, [line("a")]))
    assert done.output_file_id is not None
    attempts: list[Any] = [
        lambda: other.batches.retrieve(done.id),
        lambda: other.batches.cancel(done.id),
        lambda: other.files.retrieve(done.input_file_id),
        lambda: other.files.content(done.output_file_id or ""),
        lambda: other.files.delete(done.input_file_id),
        lambda: other.batches.create(input_file_id=done.input_file_id, endpoint=CHAT, completion_window="24h"),
    ]
    for attempt in attempts:
        with pytest.raises(openai.NotFoundError):
            attempt()
    assert (other.batches.list().data, other.files.list().data) == ([], [])


@pytest.mark.usefixtures("worker")
def test_files_and_batches_are_listed_page_by_page_and_files_deleted(client: openai.OpenAI) -> None:
    batches = [made(client, [line("a")]) for _ in range(3)]
    assert [each.id for each in client.batches.list(limit=2)][:3] == [each.id for each in reversed(batches)]
    newest = client.files.list(purpose="batch", limit=1)
    assert (newest.data[0].id, newest.has_more) == (batches[-1].input_file_id, True)
    for each in batches:
        ended(client, each)
    assert client.files.delete(batches[0].input_file_id).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.content(batches[0].input_file_id)


def test_a_worker_that_is_killed_midway_pays_for_no_line_twice(
    stack: Stack, broker: str, worker: Child, client: openai.OpenAI
) -> None:
    slow: Any = {"sandbox": {"latency_ms": 150}}
    batch = made(client, [line(f"n{at}", **slow) for at in range(24)])
    eventually(lambda: counts(client, batch)[1] >= 4, within_s=60)
    assert worker.process is not None
    os.killpg(worker.process.pid, signal.SIGKILL)
    worker.process.wait()
    before = counts(client, batch)[1]
    assert before < 24
    worker.start()
    done = ended(client, batch, broker)
    told: Any = done.to_dict()["routerhub"]
    answers = lines_of(client, done.output_file_id)
    lost = lines_of(client, done.error_file_id) if done.error_file_id else []
    assert {each["custom_id"] for each in [*answers, *lost]} == {f"n{at}" for at in range(24)}
    assert counts(client, batch) == (24, len(answers), len(lost))
    assert {each["error"]["code"] for each in lost} <= {"answer_lost"}, "it may die between paying and keeping"
    assert len(lost) <= int(PACE["BATCH_CONCURRENCY"])
    paid = stack.rows(
        "SELECT count(*), count(DISTINCT operation_id), sum(cost_nano) FROM analytics_record WHERE user_agent = %s",
        batch.id,
    )[0]
    assert paid == (24, 24, Decimal(told["cost_usd"]) * 10**9)
    charged = """SELECT sum(e.amount_nano) FROM budgets_ledgerentry e JOIN analytics_record r USING (operation_id)
                 WHERE r.user_agent = %s"""
    assert stack.rows(charged, batch.id)[0][0] == paid[2]


def counts(client: openai.OpenAI, batch: Batch) -> tuple[int, int, int]:
    """All, answered, failed."""
    found = client.batches.retrieve(batch.id).request_counts
    assert found is not None
    return found.total, found.completed, found.failed


@pytest.mark.usefixtures("worker")
def test_a_batch_is_cancelled_midway_and_keeps_what_was_answered(client: openai.OpenAI) -> None:
    batch = made(client, [line(f"n{at}", sandbox={"latency_ms": 150}) for at in range(40)])
    eventually(lambda: counts(client, batch)[1] > 0, within_s=60)
    assert client.batches.cancel(batch.id).status == "cancelling"
    done = ended(client, batch)
    assert done.status == "cancelled"
    assert 0 < len(lines_of(client, done.output_file_id)) < 40
    with pytest.raises(openai.ConflictError):
        client.batches.cancel(batch.id)


@pytest.mark.usefixtures("worker")
def test_lines_beyond_the_budget_are_errors(stack: Stack) -> None:
    with connected(stack, stack.new_key("--account=poor", "--limit-usd=0.0003")) as client:
        done = ended(client, made(client, [line("cheap", max_tokens=10), line("dear", n=128, max_tokens=1_000_000)]))
        (error,) = lines_of(client, done.error_file_id)
        assert (error["custom_id"], error["response"]["body"]["error"]["code"]) == ("dear", "insufficient_quota")
        assert [each["custom_id"] for each in lines_of(client, done.output_file_id)] == ["cheap"]
