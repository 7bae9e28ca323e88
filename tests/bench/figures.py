"""Rates and percentiles of timed calls."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence


def percentile(sorted_ms: Sequence[float], share: float) -> float:
    return sorted_ms[min(len(sorted_ms) - 1, int(share * len(sorted_ms)))]


async def measure(once: Callable[[], Awaitable[object]], clients: int, seconds: float) -> tuple[float, float, float]:
    """Calls a second, p50 and p99 in ms, with so many clients that each call again at once."""
    times: list[float] = []
    end = time.perf_counter() + seconds

    async def client() -> None:
        while time.perf_counter() < end:
            began = time.perf_counter()
            await once()
            times.append((time.perf_counter() - began) * 1000)

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    rate = len(times) / (time.perf_counter() - began)
    times.sort()
    return rate, percentile(times, 0.5), percentile(times, 0.99)
