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
    """What a kept look found."""
    return Findings(
        at=datetime.fromisoformat(kept["at"]), requests_a=kept["requests_a"], requests_b=kept["requests_b"],
        ratio=SampleRatio(**kept["ratio"]), jumpers=kept["jumpers"], measures=tuple(map(_compared, kept["measures"])),
        guardrails=tuple(Guarded(**{**each, "guardrail": Guardrail(**each["guardrail"])}) for each in kept["guardrails"]),
    )  # fmt: skip


def _compared(kept: Json) -> Compared:
    intervals = {name: kept[name] and Interval(**kept[name]) for name in ("difference", "relative")}
    return Compared(**{**kept, **intervals})
