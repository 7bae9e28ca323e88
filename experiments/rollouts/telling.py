"""What people are told when a rollout was withdrawn by itself: an alert, with the figures that led to it."""

from budgets.alerts.raising import raise_alert
from budgets.alerts.types import Finding
from experiments.ab.types import Compared, Findings
from experiments.models import GradualRollout


def tell_rolled_back(gradual: GradualRollout, percent: int, found: Findings) -> None:
    """Once for each rollout, in the transaction that withdraws it."""
    broken = [each for each in found.guardrails if each.state == "broken"]
    measures = {each.measure: each for each in found.measures}
    raise_alert(
        Finding(
            kind="rollout", account_id=None, subject=f"rollout:{gradual.pk}", period_start=gradual.started_at,
            state="triggered",
            title=f"{gradual.line.capitalize()} release {gradual.release} was rolled back at {percent} %: {broken[0].said}",
            figures={
                "line": gradual.line, "release": gradual.release, "stable": gradual.stable, "percent": percent,
                "requests": found.requests_b, "requests_stable": found.requests_a,
                "users": found.ratio.b, "users_stable": found.ratio.a,
                **{
                    name: value
                    for each in broken
                    for name, value in _figures(each.guardrail.margin, measures[each.guardrail.measure]).items()
                },
            },
        )
    )  # fmt: skip


def _figures(margin: float, compared: Compared) -> dict[str, float | None]:
    """A broken guardrail's measure of both releases, and the interval that lies in what is not allowed."""
    name = compared.measure
    interval = compared.difference if name in ("success", "fallback", "satisfaction") else compared.relative
    return {
        name: compared.b, f"{name}_stable": compared.a, f"{name}_margin": margin,
        f"{name}_difference": interval.estimate if interval else None,
        f"{name}_low": interval.low if interval else None, f"{name}_high": interval.high if interval else None,
    }  # fmt: skip
