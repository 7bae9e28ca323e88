"""Rates as the headers that clients know: OpenAI's x-ratelimit-limit-requests, -remaining-requests and -reset-requests, and
Anthropic's anthropic-ratelimit-requests-limit, -remaining and -reset; and so for tokens."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from budgets.types import Rate


def openai_headers(rates: Iterable[Rate], _now: datetime) -> Mapping[str, str]:
    found = {}
    for rate in rates:
        figures = {"limit": str(rate.limit), "remaining": str(rate.remaining), "reset": _duration(rate.reset_s)}
        found.update({f"x-ratelimit-{name}-{rate.measure}": value for name, value in figures.items()})
    return found


def anthropic_headers(rates: Iterable[Rate], now: datetime) -> Mapping[str, str]:
    found = {}
    for rate in rates:
        reset = f"{now + timedelta(seconds=rate.reset_s):%Y-%m-%dT%H:%M:%SZ}"
        figures = {"limit": str(rate.limit), "remaining": str(rate.remaining), "reset": reset}
        found.update({f"anthropic-ratelimit-{rate.measure}-{name}": value for name, value in figures.items()})
    return found


def _duration(seconds: int) -> str:
    """As OpenAI writes it: 1m12s."""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
