"""What a look may find, made up."""

from datetime import datetime
from typing import Any

from experiments.ab.types import Compared, Findings, Guarded, Guardrail, GuardrailState, Interval, SampleRatio

SUCCESS = Guardrail(measure="success", margin=0.01)
SAID = {
    "holds": "Success is 0.1 points higher (-0.5 to +0.7); 1 point lower is allowed.",
    "open": "Success is 0.1 points lower (-1.5 to +1.3); 1 point lower is allowed.",
    "broken": "Success is 2.4 points lower (-3.9 to -1.1); 1 point lower is allowed.",
}


def findings(
    at: datetime, units: int = 10, requests: int = 1_000, state: GuardrailState = "holds", **changed: Any
) -> Findings:
    """Of so many users who have B, and of their requests. Ten times as many have A."""
    success = Compared(
        measure="success", a=0.99, b=0.966, difference=Interval(estimate=-0.024, low=-0.039, high=-0.011),
        relative=None, says="worse",
    )  # fmt: skip
    values: dict[str, Any] = {
        "at": at, "requests_a": 10 * requests, "requests_b": requests,
        "ratio": SampleRatio(a=10 * units, b=units, share_b=0.09, p=1, fits=True), "measures": (success,),
        "guardrails": (Guarded(guardrail=SUCCESS, state=state, said=SAID[state]),),
    }  # fmt: skip
    return Findings(**{**values, **changed})
