"""One operation on its way through a scripted upstream, for the tests of dispatch."""

import asyncio
from typing import Any

import pytest

from models_registry.upstream.errors import Failed
from routerhub.gateway.attempts.calls import OpenedStream, complete, open_stream
from routerhub.gateway.attempts.dispatch import dispatch
from routerhub.gateway.attempts.leg import Served
from routerhub.gateway.operation import Operation
from routerhub.gateway.runtime import Runtime
from tests.gateway.fakes import FakeLedger, FakeUpstream, Said, operation, runtime

LARGE, MIDDLE, SMALL = "acme:large", "acme:middle", "acme:small"
HELD = {LARGE: 31_000_000, MIDDLE: 3_100_000, SMALL: 310_000}
DOWN = Failed("out of order", status=500)
SPEED = {LARGE: 20.0, MIDDLE: 20.0, SMALL: 20.0}


class Course:
    """One operation on its way through a scripted upstream."""

    def __init__(self, *script: Said | list[Said], ledger: FakeLedger | None = None, **made: Any) -> None:
        self.upstream = FakeUpstream(*script)
        self.ledger = ledger or FakeLedger()
        self.operation: Operation = made.pop("operation", None) or operation(**made)
        self.runtime: Runtime = runtime(self.upstream, self.ledger)

    async def complete(self) -> Served[Any]:
        return await dispatch(self.runtime, self.operation, complete)

    async def stream(self) -> Served[OpenedStream]:
        return await dispatch(self.runtime, self.operation, open_stream)

    async def left_when(self, met: asyncio.Event) -> None:
        """The client leaves as soon as the upstream waits for the test."""
        going = asyncio.ensure_future(self.complete())
        await met.wait()
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going

    @property
    def tried(self) -> list[str]:
        return [attempt.model for attempt in self.operation.attempts]

    @property
    def asked(self) -> list[tuple[int, int]]:
        """Hop and amount of every hold that was asked for."""
        return [(spend.hop, spend.amount_nano) for spend in self.ledger.asked]

    @property
    def settled(self) -> list[tuple[int, int, bool]]:
        """Hop, charge and whether it carried the record, of every settlement."""
        return [(each.hop, each.amount_nano, each.answer is not None) for each in self.ledger.settled]

    @property
    def record(self) -> dict[str, Any]:
        (record,) = self.ledger.records
        assert self.ledger.holds == {}, "nothing is held any more"
        return record
