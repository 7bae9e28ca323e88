"""When a limit that an upstream counts by is free again, read from the headers that it sends with every answer. Pure."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from multidict import istr

# Remaining and reset, of OpenAI and who copies it (Groq, xAI, Cerebras, Together), of Anthropic, of OpenRouter.
HEADERS = [
    (istr(remaining), istr(reset))
    for remaining, reset in (
        ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
        ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
        ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
        ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
        ("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"),
        ("anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"),
        ("x-ratelimit-remaining", "x-ratelimit-reset"),
    )
]
MAX_RESET_S = 3_600.0
DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:([\d.]+)s)?(?:([\d.]+)ms)?")
UNITS_S = (86_400, 3_600, 60, 1, 0.001)
EPOCH_S, EPOCH_MS = 1e9, 1e12
"""Larger numbers are moments, in seconds or milliseconds since 1970."""


def _now() -> datetime:
    return datetime.now(UTC)


def reset_s(headers: Mapping[str, str], clock: Callable[[], datetime] = _now) -> float | None:
    """Seconds until the last limit that is used up is free again. None: none is used up, or nothing says when.

    `headers` are found whatever their case. A pause is believed up to an hour: who is right says so again then.
    """
    used_up = [reset for remaining, reset in HEADERS if headers.get(remaining) == "0"]
    if not used_up:
        return None
    now = clock()
    found = [_seconds(headers.get(reset, ""), now) for reset in used_up]
    pauses = [each for each in found if each is not None and each > 0]
    return min(max(pauses), MAX_RESET_S) if pauses else None


def _seconds(text: str, now: datetime) -> float | None:
    """Of a duration ("6m0s", "20ms"), a number of seconds, or a moment (RFC 3339, or since 1970)."""
    try:
        number = float(text)
    except ValueError:
        return _until(text, now) if "T" in text else _duration_s(text)
    if number > EPOCH_MS:
        number /= 1_000
    return number - now.timestamp() if number > EPOCH_S else number


def _until(text: str, now: datetime) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()


def _duration_s(text: str) -> float | None:
    found = DURATION.fullmatch(text.strip())
    if found is None or not any(found.groups()):
        return None
    try:
        return sum(float(part) * unit for part, unit in zip(found.groups(), UNITS_S, strict=True) if part)
    except ValueError:
        return None
