"""Rates as the headers that OpenAI's clients know: x-ratelimit-limit-requests, -remaining-requests, -reset-requests, and so
for tokens."""

from collections.abc import Iterable

from budgets.types import Rate


def rate_headers(rates: Iterable[Rate]) -> dict[str, str]:
    found = {}
    for rate in rates:
        figures = {"limit": str(rate.limit), "remaining": str(rate.remaining), "reset": _duration(rate.reset_s)}
        found.update({f"x-ratelimit-{name}-{rate.measure}": value for name, value in figures.items()})
    return found


def _duration(seconds: int) -> str:
    """As OpenAI writes it: 1m12s."""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
