"""What a look found, as JSON: how it is kept, and how the REST API tells it. Pure."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from experiments.ab.types import Findings

Json = Mapping[str, Any]


def as_json(found: Findings) -> dict[str, Any]:
    """As the values are called, the moment as text."""
    return {**asdict(found), "at": found.at.isoformat()}


def least_p(kept: Json) -> float:
    """The least p of the sample ratio until a look that was kept."""
    return float(kept["ratio"]["p"])
