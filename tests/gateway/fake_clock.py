"""A clock that tests set."""

import asyncio
from datetime import datetime, timedelta

from routerhub.gateway.clock import Clock
from tests.autorouter.fakes import NOW


class FakeClock(Clock):
    """Stands still, but for sleeping and for what a test adds to `seconds`. Chance always takes the whole."""

    def __init__(self) -> None:
        self.seconds = 1_000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds - 1_000)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)

    def share(self) -> float:
        return 1.0
