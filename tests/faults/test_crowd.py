"""Two hundred clients that leave at random moments: whole and streamed, in all dialects, on two processes and a real database."""

import asyncio
import re
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import pytest

from tests.faults.crowd import Call, Upstream, Visit, all_at_once, planned, serving
from tests.stack import Stack, eventually, running_stack

pytestmark = pytest.mark.xdist_group("crowd")
CLIENTS, SEED = 200, 11
MODELS = ("openai:gpt-4o-mini", "anthropic:claude-haiku-4-5", "google:gemini-2.5-flash")
CANCELLED_WITHIN_S, BUSY_S = 1.0, 5.0
"""What holds for nearly all, and what a busy machine may take for the rest: less than a call that nobody cancels."""
COST = re.compile(rb'"cost_usd":\s*"([0-9.]+)"')
CLOSE_WAIT, ESTABLISHED = "08", "01"
RECORDS = "SELECT tags[2], operation_id, outcome, cost_nano FROM analytics_record WHERE 'crowd' = ANY (tags)"
SPENT = """
    SELECT r.operation_id FROM analytics_record r LEFT JOIN (
        SELECT operation_id, sum(amount_nano) AS nano FROM budgets_ledgerentry GROUP BY operation_id
    ) spent USING (operation_id) WHERE 'crowd' = ANY (r.tags) AND r.cost_nano <> coalesce(spent.nano, 0)
"""


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    stack: Stack
    upstream: Upstream
    visits: Sequence[Visit]
    records: dict[str, list[tuple[Any, ...]]]

    def of(self, visit: Visit) -> tuple[list[Call], list[tuple[Any, ...]]]:
        return self.upstream.calls.get(visit.name, []), self.records.get(visit.name, [])


@pytest.fixture(scope="module")
def crowd() -> Iterator[Aftermath]:
    """All have come and gone, and everything is at rest."""
    visits, scripts = planned(Random(SEED), CLIENTS, MODELS)
    with serving(Upstream(scripts=scripts)) as upstream:
        own: dict[str, Any] = {
            "SANDBOX": "off", "OPENAI_API_KEY": "x", "OPENAI_BASE_URL": f"{upstream.address}/v1", "ANTHROPIC_API_KEY": "x",
            "ANTHROPIC_BASE_URL": f"{upstream.address}/v1", "GEMINI_API_KEY": "x",
            "GEMINI_BASE_URL": f"{upstream.address}/v1beta",
        }  # fmt: skip
        with running_stack(**own) as stack:
            asyncio.run(all_at_once(visits, stack.urls, stack.key))
            eventually(lambda: upstream.under_way == 0)
            eventually(lambda: stack.rows("SELECT count(*) FROM budgets_hold") == [(0,)], within_s=10)
            records: dict[str, list[tuple[Any, ...]]] = {}
            for name, *facts in stack.rows(RECORDS):
                records.setdefault(name, []).append(tuple(facts))
            yield Aftermath(stack=stack, upstream=upstream, visits=visits, records=records)


def test_who_stays_has_a_whole_answer_and_pays_what_it_says(crowd: Aftermath) -> None:
    stayed = [visit for visit in crowd.visits if visit.manner == "stays"]
    assert len(stayed) > 10
    for visit in stayed:
        assert visit.answer.startswith(b"HTTP/1.1 200"), visit.answer[:2_000]
        calls, ((_, outcome, cost),) = crowd.of(visit)
        assert (outcome, len(calls)) == ("success", 1)
        assert {Decimal(told.decode()) * 10**9 for told in COST.findall(visit.answer)} == {cost}


def test_who_leaves_cancels_the_call_within_a_second_in_every_phase(crowd: Aftermath) -> None:
    left = [(visit, call) for visit in crowd.visits for call in crowd.of(visit)[0] if visit.left_at and call.left_at]
    assert len(left) > 40
    late = {visit.name: call.left_at - visit.left_at for visit, call in left if call.left_at and visit.left_at}
    assert median(late.values()) < CANCELLED_WITHIN_S
    assert max(late.values()) < BUSY_S, late


def test_whoever_was_answered_or_called_for_is_recorded_once(crowd: Aftermath) -> None:
    for visit in crowd.visits:
        calls, records = crowd.of(visit)
        assert len(records) == 1 or (not records and not calls), visit
        assert len(calls) <= 1
        if any(call.left_at for call in calls):
            assert records[0][1] == "abandoned"


def test_ledger_counters_holds_and_records_agree_to_the_nano_dollar(crowd: Aftermath) -> None:
    assert len(crowd.records) > CLIENTS / 2
    assert crowd.stack.rows(SPENT) == []
    assert "equals" in crowd.stack.manage("reconcile")


def test_no_connection_is_left_behind(crowd: Aftermath) -> None:
    """Those to the upstream may rest for the next call, but for none that its other end has closed."""
    gateways = {int(url.rpartition(":")[2]) for url in crowd.stack.urls}
    to_upstream = int(crowd.upstream.address.rpartition(":")[2])
    eventually(lambda: not sockets(gateways, set(), {ESTABLISHED, CLOSE_WAIT}))
    eventually(lambda: not sockets(set(), {to_upstream}, {CLOSE_WAIT}))


def test_the_processes_end_at_once_and_have_nothing_to_complain_of(crowd: Aftermath) -> None:
    """Written last and run last."""
    for child in crowd.stack.gateways:
        child.stop()
        assert child.process is not None
        assert child.process.returncode == -signal.SIGTERM, "it ended by itself, as it was asked to"
        log = child.log.read_text()
        assert not re.search(r"Traceback|ERROR|CRITICAL|never retrieved|was destroyed", log), log[-3_000:]


def sockets(here: set[int], there: set[int], states: set[str]) -> list[str]:
    """The kernel's connections with these ports, local or remote, in one of these states."""
    found = []
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state, *_ = line.split()
        ports = int(local.rpartition(":")[2], 16), int(remote.rpartition(":")[2], 16)
        if state in states and (ports[0] in here or ports[1] in there):
            found.append(line)
    return found
