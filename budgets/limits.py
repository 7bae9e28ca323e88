"""Limits by id, as a process holds them in memory."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitIndex:
    """Which limits apply to which scope."""
