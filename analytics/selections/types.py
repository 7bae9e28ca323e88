"""The outcome of a selection, as frozen values. Pure."""

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from budgets.types import Basis
from models_registry.types import Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What somebody tells of a selection. None: not told."""

    success: bool
    error: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    latency_ms: int = 0
    ttft_ms: int | None = None
    cost_usd: Decimal | None = None
    deployment: str = ""
    """At which of the model's it was called; empty: at the first."""

    def as_json(self) -> dict[str, Any]:
        """In one form, so that the same outcome told again is known."""
        cost = None if self.cost_usd is None else f"{self.cost_usd.normalize():f}"
        return {**asdict(self), "cost_usd": cost}

    @property
    def usage(self) -> Usage:
        return Usage(
            input_tokens=self.input_tokens, output_tokens=self.output_tokens, cache_read_tokens=self.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens, reasoning_tokens=self.reasoning_tokens,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Reckoned:
    """What it cost, and by which count."""

    nano: int
    basis: Basis
    provider: str
