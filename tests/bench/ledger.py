"""Reserve, settle and record, with durable commits, the client on the same cores as the database."""

import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from asgiref.sync import sync_to_async
from django.core.management import call_command

from budgets.ledger import Ledger
from budgets.ledger.batcher import Batcher
from budgets.models import Limit
from budgets.types import Granted, Settlement, Spend
from routerhub.gateway.snapshots.snapshots import database_dsn
from tests.bench.figures import measure
from tests.budgets.books import answer, request, usage

SECONDS = 4
DECISION = orjson.dumps(
    {
        "task": {"category": "coding", "complexity": "simple", "input_tokens": 812, "needs": ["tools"]},
        "constraints": {"priority": "balanced"}, "availability": "d1a9f0" * 6, "runner_up": "anthropic:claude-sonnet-4",
        "taken": {"model": "openai:gpt-5", "tier": "mid", "score": 21.5, "terms": {
            "category": 70, "stickiness": 0, "reasoning": 0, "research": 0, "complexity_factor": 1, "tier_weight": 0.3,
            "speed": 0.5,
        }},
    }
).decode()  # fmt: skip
ATTEMPTS = orjson.dumps([{"deployment": "openrouter/openai:gpt-5", "status": 200, "latency_ms": 812}]).decode()
SCOPES = ("site:", "account:1", "key:1", "user:1", "model:openai:gpt-5", "provider:openrouter", "policy:code", "tag:a")
"""Those of a usual request; two of them have a limit."""
REQUEST = request(
    uuid.uuid4(), decision=DECISION, ip="127.0.0.1", user_agent="OpenAI/Python 2.1.0", tags=("a", "b"), scopes=SCOPES
).row()[1:]
ANSWER = answer(attempts=ATTEMPTS, cost_nano=10).row()
USAGE = usage(
    model="openai:gpt-5", provider="openrouter", deployment="openrouter/openai/gpt-5",
    priced_from=datetime(2026, 3, 1, tzinfo=UTC), input_tokens=812, cache_read_tokens=300, output_tokens=420,
)  # fmt: skip


def prepare() -> None:
    call_command("migrate", verbosity=0)
    for scope in ("account", "key"):
        Limit.objects.get_or_create(kind=scope, subject="1", period="month", defaults={"amount": 10**15})


async def main() -> None:
    await sync_to_async(prepare)()
    ledger = Ledger(database_dsn(), wait_s=10, spool_dir=Path(tempfile.mkdtemp()))
    await ledger.start()

    async def once() -> None:
        """What every request does for its books. Its facts are made before: that is the gateway's work."""
        operation_id = uuid.uuid4()
        held = await ledger.reserve(
            Spend(
                operation_id=operation_id, hop=0, account_id=1, key_id=1, user_id=1, scopes=SCOPES, amount_nano=20,
                tokens=9, lease_s=60, request=(operation_id, *REQUEST),
            )
        )  # fmt: skip
        if not isinstance(held, Granted):
            raise AssertionError(held)
        await ledger.settle(
            Settlement(
                operation_id=operation_id,
                hop=0,
                amount_nano=10,
                tokens=5,
                outcome="success",
                answer=ANSWER,
                usage=USAGE,
            )
        )

    await measure(once, 8, 0.5)
    print("ledger: reserve + settle + record, two limits, durable")
    for clients in (1, 8, 32):
        print(await figures(ledger, once, clients), flush=True)
    await ledger.stop()


async def figures(ledger: Ledger, once: Callable[[], Awaitable[None]], clients: int) -> str:
    batchers: tuple[Batcher[Any, Any], ...] = (ledger._reserve, ledger._settle)
    before = [(batcher.items, batcher.batches) for batcher in batchers]
    began = time.process_time()
    rate, p50, p99 = await measure(once, clients, SECONDS)
    python_us = (time.process_time() - began) / (rate * SECONDS) * 1e6
    sizes = [
        (batcher.items - items) / (batcher.batches - batches)
        for batcher, (items, batches) in zip(batchers, before, strict=True)
    ]
    return (
        f"  {clients:>3} clients  {rate:>7,.0f}/s   p50 {p50:.1f} ms   p99 {p99:.1f} ms"
        f"   {python_us:.0f} us of Python each, batches of {sizes[0]:.0f} and {sizes[1]:.0f}"
    )
