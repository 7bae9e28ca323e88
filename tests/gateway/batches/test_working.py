"""Batches as a worker does them: what comes of each line, what it costs, and how another worker goes on."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from budgets.money import usd
from budgets.types import Rate, Refused, Settlement
from models_registry.upstream.errors import Overloaded, TimedOut
from routerhub.batches.errors import LeaseLost, NotCancellable
from routerhub.batches.store import BatchStore
from routerhub.batches.types import Kept, Lease
from routerhub.gateway.batches.asking import NAMES
from routerhub.gateway.batches.working import Pace, Worker
from routerhub.gateway.snapshots.snapshots import database_dsn
from routerhub.logs import LineFormatter
from routerhub.storage.errors import StorageUnavailable
from routerhub.storage.files import FileStore
from tests.gateway.batches.jobs import PACE, happens, line, place
from tests.gateway.fakes import ADA, NOW, FakeLedger, completion
from tests.looking import SEES_ALL

pytestmark = [pytest.mark.anyio, pytest.mark.django_db(transaction=True)]
HELLO = completion("Hello!")


def run(query: str, *values: Any) -> Any:
    with psycopg.connect(database_dsn(), options=SEES_ALL) as connection:
        cursor = connection.execute(query.encode(), values)
        return cursor.fetchall() if cursor.description else None


async def test_every_line_is_answered_and_told_with_its_custom_id_and_what_it_cost() -> None:
    async with place(HELLO) as here:
        done = await here.worked(await here.batch(line("a"), line("b"), line("c"), pieces=7))
        answers = await here.lines(done.output_file_id)
        assert (done.status, done.total, done.completed, done.failed) == ("completed", 3, 3, 0)
        assert [each["custom_id"] for each in answers] == ["a", "b", "c"]
        first = answers[0]
        assert (first["error"], first["response"]["status_code"]) == (None, 200)
        assert first["response"]["body"]["choices"][0]["message"]["content"] == "Hello!"
        assert first["routerhub"]["cost_usd"] == first["response"]["body"]["routerhub"]["cost_usd"]
        assert done.cost_nano == here.ledger.spent_nano > 0
        assert await here.lines(done.error_file_id) == []
        assert {(each["ip"], each["user_agent"], each["key_id"]) for each in here.ledger.records} == {
            ("127.0.0.1", done.id, ADA.key_id)
        }


async def test_a_line_that_fails_is_an_error_with_its_custom_id_and_the_rest_goes_on() -> None:
    async with place(HELLO) as here:
        done = await here.worked(
            await here.batch(line("good"), line("bad", max_tokens=0), line("odd", model="nobody:knows"))
        )
        errors = await here.lines(done.error_file_id)
        assert (done.status, done.completed, done.failed) == ("completed", 1, 2)
        assert {each["custom_id"]: each["response"]["status_code"] for each in errors} == {"bad": 400, "odd": 404}
        assert errors[0]["response"]["body"]["error"]["param"] == "max_tokens"


async def test_what_nobody_expected_is_logged_with_the_lines_operation_and_without_a_word_of_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.handler.setFormatter(LineFormatter("%(message)s"))
    async with place(ZeroDivisionError("canary")) as here:
        done = await here.worked(await here.batch(line("a")))
        (record,) = here.ledger.records
    assert (done.completed, done.failed) == (0, 1)
    assert f"action=ask_line batch={done.id} line=0 operation={record['operation_id']}\nTraceback" in caplog.text
    assert "canary" not in caplog.text


async def test_a_line_that_the_budget_refuses_is_an_error_and_the_rest_goes_on() -> None:
    async with place(HELLO, ledger=FakeLedger(limit_nano=1_000_000)) as here:
        dear = line("dear", model="acme:large", max_tokens=10_000)
        done = await here.worked(await here.batch(dear, line("cheap", model="acme:small", max_tokens=10)))
        (error,) = await here.lines(done.error_file_id)
        assert (error["custom_id"], error["response"]["status_code"]) == ("dear", 429)
        assert error["response"]["body"]["error"]["code"] == "insufficient_quota"
        assert (done.completed, done.cost_nano) == (1, here.ledger.spent_nano)


class Rated(FakeLedger):
    """A rate that has room at the second try."""

    async def reserve(self, spend: Any) -> Any:
        if not self.records:
            return Refused(
                operation_id=spend.operation_id, hop=spend.hop, limit_id=1, label="key 3", measure="requests",
                period="minute", limit=1, spent=1, reserved=0, asked=1, resets_at=None, retry_after_s=7,
            )  # fmt: skip
        return await super().reserve(spend)


async def test_a_line_that_a_rate_refuses_comes_back_when_there_is_room() -> None:
    async with place(HELLO, ledger=Rated(rates=(Rate(measure="requests", limit=1, remaining=0, reset_s=7),))) as here:
        done = await here.worked(await here.batch(line("a")))
        assert (done.completed, here.upstream.clock.slept) == (1, [7.0])


async def test_a_line_whose_upstream_is_asked_too_often_comes_back_when_it_says_so() -> None:
    busy = Overloaded("Slow down.", status=429, retry_after_s=20)
    async with place(*[busy] * 12, HELLO) as here:
        done = await here.worked(await here.batch(line("a")))
        assert (done.completed, done.failed) == (1, 0)
        assert 20 in here.upstream.clock.slept


async def test_an_attempt_that_was_paid_for_counts_where_the_line_fails() -> None:
    async with place(TimedOut("It did not answer.")) as here:
        done = await here.worked(await here.batch(line("a")))
        (error,) = await here.lines(done.error_file_id)
        assert done.cost_nano == here.ledger.spent_nano > 0
        assert (error["response"]["status_code"], error["routerhub"]["cost_usd"]) == (504, usd(done.cost_nano))


@pytest.mark.parametrize(
    ("lines", "code", "param"),
    [
        ((line("a"), line("a")), "duplicate_custom_id", "custom_id"),
        ((line("a", url="/v1/responses"),), "mismatched_endpoint", "url"),
        ((line("a", method="GET"),), "invalid_method", "method"),
        ((line(""),), "invalid_value", "custom_id"),
        ((line("a", stream=True),), "invalid_value", "body.stream"),
        (({**line("a"), "body": 3},), "invalid_value", "body"),
        ((b"{nonsense",), "invalid_json_line", None),
        ((b"[1]",), "invalid_json_line", None),
        ((b"", b" "), "empty_file", None),
    ],
)
async def test_a_file_with_a_line_that_is_no_request_fails_before_anything_is_asked(
    lines: Any, code: str, param: str | None
) -> None:
    async with place(HELLO) as here:
        failed = await here.worked(await here.batch(b"", *lines))
        (problem,) = failed.errors
        assert (failed.status, problem["code"], problem["param"]) == ("failed", code, param)
        assert problem["line"] == (None if code == "empty_file" else len(lines) + 1)
        assert here.upstream.asked == []


async def test_requests_that_are_alike_get_one_model_by_one_decision() -> None:
    async with place(HELLO) as here:
        alike = [line(f"n{at}", f"Hello number {at}") for at in range(4)]
        done = await here.worked(await here.batch(*alike, line("named", model="acme:small")))
        answers = await here.lines(done.output_file_id)
        told = {each["custom_id"]: each["response"]["body"]["routerhub"] for each in answers}
        ((name, model),) = done.groups.items()
        assert {told[f"n{at}"]["model"] for at in range(4)} == {model}
        assert name == f"auto, {told['n0']['task']['category']}, {told['n0']['task']['complexity']}"
        assert sum("decided for once, for all requests of the batch" in told[f"n{at}"]["why"] for at in range(4)) == 3


# --- workers that die, stop or are overtaken


class Repeatable(FakeLedger):
    """As the real one: a second settlement changes nothing."""

    async def settle(self, settlement: Settlement) -> None:
        if (settlement.operation_id, settlement.hop) in self.holds:
            await super().settle(settlement)


async def test_another_worker_goes_on_where_one_died_with_the_same_operations() -> None:
    stuck = [asyncio.Event(), HELLO]
    async with place(stuck, stuck, HELLO, ledger=Repeatable()) as here:
        batch_id = await here.batch(*(line(f"n{at}") for at in range(6)))
        dying = asyncio.ensure_future(here.worker().work(3_600))
        await happens(lambda: here.upstream.open == 2)
        held = set(here.ledger.holds)
        run("UPDATE batches_batch SET lease_until = now() - interval '1 second'")
        done = await here.worked(batch_id)
        assert (done.status, done.completed, done.cost_nano) == ("completed", 6, here.ledger.spent_nano)
        assert held < {(each.operation_id, each.hop) for each in here.ledger.settled}
        assert len({each.operation_id for each in here.ledger.settled}) == len(here.ledger.settled) == 6
        assert len(here.upstream.asked) == 6 + 2, "what is answered is not asked again"
        dying.cancel()
        await asyncio.wait([dying])
        assert await here.found(batch_id) == done


@pytest.mark.parametrize(
    ("outcome", "code"), [("success", "answer_lost"), ("unknown", "answer_lost"), ("refused", None), ("failure", None)]
)
async def test_what_a_worker_paid_for_before_it_died_is_never_paid_again(outcome: str, code: str | None) -> None:
    async with place(HELLO) as here:
        batch_id = await here.batch(line("a"))
        run("UPDATE batches_batch SET status = 'in_progress', total = 1, in_progress_at = now()")
        first = uuid.uuid5(NAMES, f"{batch_id}/0/0")
        here.ledger.records.append({"operation_id": first, "outcome": outcome})
        here.ledger.settled.append(
            Settlement(operation_id=first, hop=0, amount_nano=500, tokens=1, outcome="success", answer=None)
        )
        done = await here.worked(batch_id)
        errors = await here.lines(done.error_file_id)
        assert [each["error"]["code"] for each in errors] == ([code] if code else [])
        assert (len(here.upstream.asked), done.completed) == ((0, 0) if code else (1, 1))
        assert done.cost_nano == 500 + here.ledger.spent_nano


async def test_a_worker_whose_turn_is_over_leaves_the_rest_to_the_next() -> None:
    async with place([400.0, HELLO]) as here:
        batch_id = await here.batch(*(line(f"n{at}") for at in range(5)))
        worker = here.worker()
        assert await worker.work(1) is True
        left = await here.found(batch_id)
        assert (left.status, 0 < left.completed < 5) == ("in_progress", True)
        assert (await here.worked(batch_id)).completed == 5


async def test_a_worker_that_is_told_to_stop_ends_its_lines_and_leaves_the_rest() -> None:
    told = asyncio.Event()
    going_on = asyncio.Event()
    async with place([going_on, HELLO], [going_on, HELLO], HELLO) as here:
        batch_id = await here.batch(*(line(f"n{at}") for at in range(5)))
        working_on = asyncio.ensure_future(Worker(here.runtime, PACE, told.is_set).work(3_600))
        await happens(lambda: here.upstream.open == 2)
        told.set()
        going_on.set()
        await working_on
        assert ((await here.found(batch_id)).status, (await here.found(batch_id)).completed) == ("in_progress", 2)
        assert (await here.worked(batch_id)).completed == 5


async def test_one_worker_at_a_time_takes_batches() -> None:
    async with place(HELLO) as here:
        await here.batch(line("a"))
        me, other = uuid.uuid4(), uuid.uuid4()
        assert len(await here.batches.claim(me, 30, 5)) == 1
        await here.batch(line("b"), id="batch_2", input_file_id="file-in")
        assert await here.batches.claim(other, 30, 5) == []
        assert [each.batch.id for each in await here.batches.claim(me, 30, 5)] == ["batch_2"]


async def test_a_worker_that_was_slow_to_renew_does_not_begin_its_batch_a_second_time() -> None:
    async with place(HELLO) as here:
        await here.batch(line("a"))
        me, other = uuid.uuid4(), uuid.uuid4()
        (mine,) = await here.batches.claim(me, -1, 5)
        assert await here.batches.claim(me, 30, 5) == []
        assert await here.batches.renew(mine, -1) == "validating"
        assert len(await here.batches.claim(other, 30, 5)) == 1
        with pytest.raises(LeaseLost):
            await here.batches.renew(mine, 30)


# --- ends before all is asked


async def test_a_cancelled_batch_keeps_its_answers_and_tells_of_the_lines_that_were_not_asked() -> None:
    going_on = asyncio.Event()
    async with place(HELLO, HELLO, [going_on, HELLO]) as here:
        batch_id = await here.batch(*(line(f"n{at}") for at in range(9)))
        working_on = asyncio.ensure_future(
            here.worked(batch_id, Worker(here.runtime, Pace(concurrency=2, lease_s=0.3)))
        )
        await happens(lambda: here.upstream.open == 2)
        await here.batches.cancel(ADA.account_id, batch_id)
        assert (await here.found(batch_id)).status == "cancelling"
        await happens(has_heard)
        going_on.set()
        done = await working_on
        answers, errors = await here.lines(done.output_file_id), await here.lines(done.error_file_id)
        assert (done.status, done.completed, done.failed, len(errors)) == (
            "cancelled",
            len(answers),
            len(errors),
            9 - len(answers),
        )
        assert {each["error"]["code"] for each in errors} == {"batch_cancelled"}
        with pytest.raises(NotCancellable):
            await here.batches.cancel(ADA.account_id, batch_id)


def has_heard() -> bool:
    """Whether the worker knows of the cancelling: it renewed its lease after it."""
    return bool(run("SELECT lease_until - interval '0.3 seconds' > cancelling_at FROM batches_batch")[0][0])


async def test_a_batch_whose_window_is_over_expires_and_tells_of_the_lines_that_were_not_asked() -> None:
    async with place([7_200.0, HELLO]) as here:
        opening = PACE.concurrency
        batch_id = await here.batch(*(line(f"n{at}") for at in range(5)))
        run("UPDATE batches_batch SET expires_at = %s", NOW + timedelta(hours=1))
        done = await here.worked(batch_id)
        errors = await here.lines(done.error_file_id)
        assert (done.status, done.completed, done.failed) == ("expired", opening, 5 - opening)
        assert [each["error"]["code"] for each in errors] == ["batch_expired"] * (5 - opening)
        assert [each["custom_id"] for each in errors] == [f"n{at}" for at in range(opening, 5)]


async def test_a_batch_whose_key_was_revoked_is_refused_line_by_line() -> None:
    async with place(HELLO) as here:
        done = await here.worked(await here.batch(line("a"), key_id=99))
        (error,) = await here.lines(done.error_file_id)
        assert (done.status, error["response"]["status_code"]) == ("completed", 401)


async def test_a_batch_whose_file_was_deleted_fails() -> None:
    async with place(HELLO) as here:
        batch_id = await here.batch(line("a"))
        await here.files.delete(ADA.account_id, "file-in")
        failed = await here.worked(batch_id)
        assert (failed.status, failed.errors[0]["code"]) == ("failed", "input_file_missing")


async def test_a_database_that_is_away_for_a_moment_loses_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async with place(HELLO) as here:
        batch_id, worker, keep, calls = await here.batch(line("a")), here.worker(), BatchStore.keep, []

        async def flaky(self: BatchStore, lease: Lease, kept: Kept) -> None:
            calls.append(kept)
            await keep(self, lease, kept)
            if len(calls) < 3:
                raise StorageUnavailable

        monkeypatch.setattr(BatchStore, "keep", flaky)
        done = await here.worked(batch_id, worker)
        assert (len(calls), done.completed, done.cost_nano) == (3, 1, here.ledger.spent_nano)


async def test_a_file_that_is_deleted_midway_ends_the_batch_when_what_is_under_way_is_answered() -> None:
    going_on = asyncio.Event()
    async with place([going_on, HELLO]) as here:
        long = [line(f"n{at}", "x" * 2_000) for at in range(60)]
        batch_id = await here.batch(*long, pieces=60)
        working_on = asyncio.ensure_future(here.worked(batch_id))
        await happens(lambda: here.upstream.open == 2)
        await here.files.delete(ADA.account_id, "file-in")
        going_on.set()
        failed = await working_on
        assert (failed.status, failed.errors[0]["code"]) == ("failed", "input_file_missing")
        assert 0 < failed.completed == len(await here.lines(failed.output_file_id)) < 60
        assert failed.cost_nano == here.ledger.spent_nano


async def test_a_database_that_is_away_while_lines_are_read_lets_those_under_way_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with place(HELLO) as here:
        batch_id, pieces, calls = (
            await here.batch(*(line(f"n{at}") for at in range(40)), pieces=40),
            FileStore.pieces,
            [],
        )

        async def flaky(
            self: FileStore, account_id: int, file_id: str, numbers: range
        ) -> AsyncIterator[tuple[int, bytes]]:
            calls.append(numbers)
            async for number, piece in pieces(self, account_id, file_id, numbers):
                if len(calls) < 4 and number == 10 * len(calls):
                    raise StorageUnavailable
                yield number, piece

        monkeypatch.setattr(FileStore, "pieces", flaky)
        done = await here.worked(batch_id)
        assert (done.completed, [each.start for each in calls[:4]]) == (40, [0, 10, 20, 30])
