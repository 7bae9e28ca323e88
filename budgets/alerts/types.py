"""What is found and told, as frozen values. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

AlertKind = Literal["limit", "spend", "forecast", "anomaly", "audit", "experiment"]
FoundState = Literal["near", "triggered"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Something that people are to be told of, once for each `subject` and period, however often it is found."""

    kind: AlertKind
    account_id: int | None
    """Whose it is; None: the whole site's."""
    user_id: int | None = None
    """The one member whom it concerns; None: the account as a whole."""
    subject: str
    """The matter, in words for machines, e.g. "limit:12", "forecast:12", "anomaly:latency:model:openai:gpt-5"."""
    period_start: datetime
    """Of the period that it holds for: a new period is a new alert."""
    state: FoundState
    title: str
    """One sentence for people, with the figure that matters most."""
    figures: Mapping[str, str | int | float | None]
    """What led to it, by name with the unit in it, e.g. {"spent_usd": "41.20", "limit_usd": "50"}."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unusual:
    """An anomaly that was told, as charts mark it."""

    title: str
    found_at: datetime
