"""Circuits in PostgreSQL: what one gateway writes, another one reads; one probe for all."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from models_registry.circuits import rows
from models_registry.circuits.breaker import Circuit
from models_registry.circuits.store import CircuitStore
from models_registry.models import Circuit as Row
from routerhub.gateway.snapshots.snapshots import database_dsn

pytestmark = pytest.mark.django_db(transaction=True)
SINCE = datetime(2026, 11, 29, 9, tzinfo=UTC)


def circuit(**changes: Any) -> Circuit:
    values: dict[str, Any] = {"subject": "acme/large", "since": SINCE, "until": 0.0, "reason": "5 of 5 calls failed"}
    return Circuit(**{**values, **changes})


def gateways(act: Callable[[list[CircuitStore]], Awaitable[Any]], count: int = 1) -> Any:
    """What some gateways do, each over connections of its own."""

    async def run() -> Any:
        stores = [CircuitStore(database_dsn()) for _ in range(count)]
        await asyncio.gather(*(store.start() for store in stores))
        try:
            return await act(stores)
        finally:
            await asyncio.gather(*(store.stop() for store in stores))

    return asyncio.run(run())


def opened(made: Circuit, open_s: float) -> None:
    gateways(lambda stores: stores[0].open(made, open_s))


def half_open() -> None:
    Row.objects.update(until=now() - timedelta(seconds=1))


def test_what_one_opens_another_one_reads() -> None:
    opened(circuit(times=2), 15)
    (read,) = rows.read()
    assert (read.subject, read.since, read.reason, read.times) == ("acme/large", SINCE, "5 of 5 calls failed", 2)
    row = Row.objects.get()
    assert row.until is not None
    assert timedelta(0) < row.until - now() < timedelta(seconds=15)


def test_until_the_key_is_changed_is_for_ever_and_stays_so() -> None:
    opened(circuit(), math.inf)
    opened(circuit(), 15)
    assert rows.read()[0].until == math.inf


def test_a_longer_pause_replaces_a_shorter_one_and_not_the_other_way_round() -> None:
    """F8."""
    for pause in (1.0, 3_600.0, 2.0):
        opened(circuit(is_limit=True), pause)
    row = Row.objects.get()
    assert row.until is not None
    assert row.until - now() > timedelta(seconds=3_500)


def test_one_probe_is_granted_of_two_hundred_over_all_processes() -> None:
    """F13."""
    opened(circuit(), 15)
    half_open()

    async def claim(stores: list[CircuitStore]) -> list[bool]:
        return await asyncio.gather(*(store.claim("acme/large") for store in stores for _ in range(50)))

    assert gateways(claim, count=4).count(True) == 1


def test_nobody_is_granted_a_probe_while_it_is_open() -> None:
    opened(circuit(), 15)
    assert gateways(lambda stores: stores[0].claim("acme/large")) is False


def test_a_probe_that_learned_nothing_makes_room_and_one_that_was_lost_does_so_after_its_lease() -> None:
    opened(circuit(), 15)
    half_open()

    async def act(stores: list[CircuitStore]) -> list[bool]:
        first, second = await stores[0].claim("acme/large"), await stores[0].claim("acme/large")
        await stores[0].release("acme/large")
        return [first, second, await stores[0].claim("acme/large")]

    assert gateways(act) == [True, False, True]
    Row.objects.update(probe_until=now() - timedelta(seconds=1))
    assert gateways(lambda stores: stores[0].claim("acme/large")) is True


def test_closing_it_leaves_nothing() -> None:
    opened(circuit(), 15)
    gateways(lambda stores: stores[0].close("acme/large"))
    assert rows.read() == ()
    assert gateways(lambda stores: stores[0].claim("acme/large")) is True, "what is not there keeps nobody back"


def test_a_limit_is_over_at_its_reset_and_forgotten_later() -> None:
    opened(circuit(is_limit=True), 15)
    opened(circuit(subject="acme/small"), 15)
    half_open()
    assert [each.subject for each in rows.read()] == ["acme/small"]
    assert rows.forget_ended() == 1
    assert Row.objects.get().subject == "acme/small"
