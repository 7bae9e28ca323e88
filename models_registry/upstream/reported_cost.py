"""What an upstream says itself that an answer costs, beside what it used. Pure.

OpenRouter says so in every dialect: `cost`, in dollars, and for a key of one's own at the maker (`is_byok`) only its fee, with
what the maker takes in `cost_details`. Perplexity's `cost` is an object with its parts and their sum.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from models_registry.upstream.wire.json_values import mapping

NANO = 10**9
MAX_USD = 1_000_000
"""No answer costs more: what says so means something else."""


def reported_cost_nano(usage: Mapping[str, Any]) -> int | None:
    """In nano-dollars. None where it says nothing that makes sense."""
    said = usage.get("cost")
    if said is None:
        return None
    cost = _nano(mapping(said).get("total_cost") if isinstance(said, dict) else said)
    if cost is None or usage.get("is_byok") is not True:
        return cost
    makers = _nano(mapping(usage.get("cost_details")).get("upstream_inference_cost"))
    return cost + (makers or 0)


def _nano(value: object) -> int | None:
    """The digits count that were written, of which the JSON library made a float."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_USD:
        return None
    return round(Decimal(repr(value)) * NANO)
