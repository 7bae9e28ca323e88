"""The tuning values of the router: default, range and unit of each, said once for tables, releases and pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from autorouter.types import COMPLEXITIES, COST_TIERS, Complexity, CostTier


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """A number that staff may tune, from `low` to `high` inclusive."""

    default: Decimal
    low: Decimal
    high: Decimal
    unit: str

    def problem(self, value: Decimal) -> str | None:
        """What is wrong with a value, or None."""
        if value.is_finite() and self.low <= value <= self.high:
            return None
        return f"{value} is outside {self.low} to {self.high} {self.unit}."


def _setting(default: str, low: str, high: str, unit: str) -> Setting:
    return Setting(default=Decimal(default), low=Decimal(low), high=Decimal(high), unit=unit)


SETTINGS: Mapping[str, Setting] = {
    "stickiness_bonus": _setting("25", "0", "100", "points"),
    "reasoning_bonus": _setting("15", "0", "100", "points"),
    "research_bonus": _setting("25", "0", "100", "points"),
    "simple_penalty": _setting("0.7", "0", "1", "times"),
    "complex_threshold": _setting("85", "0", "100", "quality score"),
    "complex_multiplier": _setting("1.2", "1", "5", "times"),
    "cheap_below": _setting("1", "0", "1000", "USD per 1M tokens"),
    "mid_below": _setting("5", "0", "1000", "USD per 1M tokens"),
    "router_max_retries": _setting("3", "0", "10", "retries"),
    "router_deadline_ms": _setting("1500", "100", "30000", "milliseconds"),
    "context_buffer": _setting("1.2", "1", "5", "times estimated tokens"),
    "long_context_threshold": _setting("128000", "1000", "10000000", "tokens"),
}

WEIGHT = {
    "simple": ("0.60", "0.25", "0.15"),
    "moderate": ("0.50", "0.30", "0.20"),
    "complex": ("0.30", "0.40", "0.30"),
}
WEIGHTS: Mapping[tuple[Complexity, CostTier], Setting] = {
    (complexity, tier): _setting(WEIGHT[complexity][at], "0", "1", "weight")
    for complexity in COMPLEXITIES
    for at, tier in enumerate(COST_TIERS)
}

SPEED_BONUS = _setting("0", "-100", "100", "points")
SPEED_BONUSES: Mapping[str, int] = {
    "cerebras": 12,
    "groq": 10,
    "flash": 8,
    "fast": 8,
    "nano": 10,
    "lite": 10,
    "lightning": 12,
    "thinking": -5,
    "extended-thinking": -8,
}

ROUTER_MODEL = "openai:gpt-oss-120b"
"""The model that may classify requests, where staff have switched that on."""
