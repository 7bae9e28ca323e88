"""What a look found, as JSON: how it is kept, and how the REST API tells it. Pure."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from experiments.ab.types import Compared, Findings, Guarded, Guardrail, Interval, SampleRatio

Json = Mapping[str, Any]


def as_json(found: Findings) -> dict[str, Any]:
    """As the values are called, the moment as text."""
    return {**asdict(found), "at": found.at.isoformat()}


def least_p(kept: Json) -> float:
    """The least p of the sample ratio until a look that was kept."""
    return float(kept["ratio"]["p"])


def read(kept: Json) -> Findings:
    """A look as it was found. Raises KeyError, TypeError for anything else."""
    return Findings(
        **{**kept, "at": datetime.fromisoformat(kept["at"]), "ratio": SampleRatio(**kept["ratio"]),
           "measures": tuple(map(_compared, kept["measures"])), "guardrails": tuple(map(_guarded, kept["guardrails"]))},
    )  # fmt: skip


def _compared(kept: Json) -> Compared:
    bounds = {name: kept[name] and Interval(**kept[name]) for name in ("difference", "relative")}
    return Compared(**{**kept, **bounds})


def _guarded(kept: Json) -> Guarded:
    return Guarded(**{**kept, "guardrail": Guardrail(**kept["guardrail"])})
