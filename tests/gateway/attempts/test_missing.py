"""A model without a price, and an answer without usage: what the account says of them, marked in entry and record."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import orjson
import pytest

from budgets.types import Caller
from tests.autorouter import fakes as router_fakes
from tests.gateway.exchange import HELLO, Exchange
from tests.gateway.fakes import ADA, FakeRing, FakeSnapshots, chunk, completion, rankings, runtime

pytestmark = pytest.mark.anyio
FLAT = 2_500_000
MODELS = (
    router_fakes.model("acme:free", None),
    router_fakes.model("acme:zero", ("0", "0")),
    router_fakes.model("acme:paid"),
)
HOST, BASIS, SINCE = 1, 4, 3
"""Where deployment's provider, rule and price stand in a settlement's usage."""


async def asked(model: str, caller: Caller, *script: Any, **body: Any) -> Exchange:
    exchange = Exchange(*(script or (completion(),)))
    snapshots = FakeSnapshots(rankings(*MODELS))
    snapshots.ring = FakeRing(caller)
    made = runtime(exchange.upstream, exchange.ledger)
    exchange.gateway.runtime = replace(made, snapshots=cast(Any, snapshots))
    await exchange.ask({**HELLO, "model": model, **body})
    return exchange


async def test_a_model_without_a_price_is_refused_unless_the_account_has_a_figure_for_it() -> None:
    exchange = await asked("acme:free", ADA)
    assert exchange.status == 422
    assert b"it has no price" in exchange.body
    assert exchange.upstream.asked == []


async def test_with_a_figure_it_is_held_charged_and_marked() -> None:
    exchange = await asked("acme:free", replace(ADA, unpriced_nano=FLAT))
    assert exchange.status == 200
    assert orjson.loads(exchange.body)["routerhub"]["cost_usd"] == "0.0025"
    (held,), (settled,), (record,) = exchange.ledger.asked, exchange.ledger.settled, exchange.ledger.records
    assert (held.amount_nano, settled.amount_nano, record["cost_nano"], record["cost_basis"]) == (
        FLAT,
        FLAT,
        FLAT,
        "no_price",
    )
    assert settled.usage is not None
    assert (settled.usage[HOST], settled.usage[SINCE], settled.usage[BASIS]) == ("acme", None, "no_price")


async def test_it_is_never_chosen_whatever_the_figure() -> None:
    exchange = await asked("auto", replace(ADA, unpriced_nano=0), priority="cost")
    assert exchange.ledger.records[0]["model"] in {"acme:zero", "acme:paid"}


async def test_a_price_of_zero_is_a_price() -> None:
    exchange = await asked("acme:zero", replace(ADA, unpriced_nano=FLAT))
    (settled,), (record,) = exchange.ledger.settled, exchange.ledger.records
    assert settled.usage is not None
    assert (settled.amount_nano, record["cost_basis"]) == (0, "priced")
    assert settled.usage[SINCE] == datetime(2026, 1, 1, tzinfo=UTC)


STREAM = [chunk("Hello!"), chunk(finish="stop")]


@pytest.mark.parametrize(("script", "stream"), [(completion(usage=None), False), (STREAM, True)])
@pytest.mark.parametrize(("pays_held", "basis"), [(False, "estimated"), (True, "no_usage")])
async def test_without_usage_it_is_counted_or_all_that_was_held_is_charged(
    script: Any, stream: bool, pays_held: bool, basis: str
) -> None:
    exchange = await asked("acme:paid", replace(ADA, pays_held=pays_held), script, stream=stream)
    (held,), (settled,), (record,) = exchange.ledger.asked, exchange.ledger.settled, exchange.ledger.records
    assert (settled.amount_nano == held.amount_nano) is pays_held
    assert (record["cost_basis"], settled.usage and settled.usage[BASIS]) == (basis, basis)


async def test_usage_of_zero_is_zero_whatever_the_account_says() -> None:
    exchange = await asked("acme:paid", replace(ADA, pays_held=True), completion("", usage=(0, 0)))
    assert (exchange.ledger.settled[0].amount_nano, exchange.ledger.records[0]["cost_basis"]) == (0, "priced")


async def test_a_hold_carries_the_scopes_that_count_it() -> None:
    exchange = await asked("acme:paid", ADA)
    (held,) = exchange.ledger.asked
    assert (
        exchange.ledger.records[0]["scopes"]
        == held.scopes
        == ("site:", "account:7", "key:3", "model:acme:paid", "provider:acme")
    )
