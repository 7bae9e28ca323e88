"""The circuits that gateways share, in process."""

import asyncio
from dataclasses import replace

import psycopg

from models_registry.circuits.breaker import Circuit, Rules
from routerhub.gateway.clock import Clock


class FakeCircuitStore:
    """The circuits that all processes share, in a dictionary. Time is the clock's."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.rows: dict[str, Circuit] = {}
        self.claimed: set[str] = set()
        self.is_away = False

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def open(self, circuit: Circuit, open_s: float) -> None:
        await self._answer()
        before = self.rows.get(circuit.subject)
        until = self.clock.monotonic() + open_s
        self.rows[circuit.subject] = replace(
            circuit, until=max(until, before.until if before else until), is_shared=True
        )
        self.claimed.discard(circuit.subject)

    async def close(self, subject: str) -> None:
        await self._answer()
        self.rows.pop(subject, None)
        self.claimed.discard(subject)

    async def claim(self, subject: str) -> bool:
        await self._answer()
        row = self.rows.get(subject)
        if row is None:
            return True
        if row.is_open(self.clock.monotonic()) or subject in self.claimed:
            return False
        self.claimed.add(subject)
        return True

    async def release(self, subject: str) -> None:
        await self._answer()
        self.claimed.discard(subject)

    async def _answer(self) -> None:
        await asyncio.sleep(0)
        if self.is_away:
            raise psycopg.OperationalError("away")


RULES = Rules(window_s=30, min_attempts=5, failure_share=0.5, open_s=15, max_open_s=60)
