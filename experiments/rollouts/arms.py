"""The two releases of a rollout as the arms of a comparison: B is what is rolled out, A what the others have."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from django.utils import timezone

from budgets.formats import THIN, signed
from experiments.ab import figures, findings_json
from experiments.ab.checking import guardrails
from experiments.ab.figures import Question, Source
from experiments.ab.statistics.measures import GOALS, POINTS
from experiments.ab.types import Compared, Findings, Guarded, Measure
from experiments.choices import Measure as MeasureWord
from experiments.models import GradualRollout, RolloutStep

HEARD_WITHIN = timedelta(seconds=2)
"""So long after a step began, every gateway deals by its share."""
RELEASES: Mapping[str, str] = {"catalogue": "r.catalogue_release", "router": "r.router_release"}
"""By line, which column of a record names its release."""
UNIT = "coalesce('user ' || r.user_id, 'key ' || r.key_id)"
"""Whom routerhub.gateway.auth.user_key takes for one, by which a rollout's share is drawn."""


def look(gradual: GradualRollout, step: RolloutStep) -> Findings:
    """What the records since a step began say of both releases."""
    question = Question(
        share_b=step.percent / 100, main="success", guardrails=guardrails(gradual.guardrails),
        least_p=findings_json.least_p(step.findings) if step.findings else 1.0,
    )  # fmt: skip
    found = figures.findings(_source(gradual, step.began_at or gradual.started_at), question, timezone.now())
    measures = {each.measure: each for each in found.measures}
    return replace(
        found,
        guardrails=tuple(
            replace(each, said=sentence(each, measures[each.guardrail.measure])) for each in found.guardrails
        ),
    )


def _source(gradual: GradualRollout, began_at: datetime) -> Source:
    release = RELEASES[gradual.line]
    return Source(
        where=f"{release} IN (%(stable)s, %(candidate)s) AND r.created_at >= %(since)s AND NOT r.is_reported"
        " AND coalesce(r.user_id, r.key_id) IS NOT NULL",
        arm=f"CASE {release} WHEN %(candidate)s THEN 'b' ELSE 'a' END",
        unit=UNIT,
        values={"stable": gradual.stable, "candidate": gradual.release, "since": began_at + HEARD_WITHIN},
    )


def sentence(guarded: Guarded, compared: Compared) -> str:
    """How a guardrail does, with the figures."""
    measure, margin = guarded.guardrail.measure, guarded.guardrail.margin
    name = MeasureWord(measure).label
    interval = compared.difference if measure in POINTS else compared.relative
    allowed = f"{_amount(measure, margin)} {'lower' if GOALS[measure] > 0 else 'higher'} is allowed"
    if interval is None or interval.low is None or interval.high is None:
        return f"{name}: too little is known yet; {allowed}."
    difference = f"{_amount(measure, abs(interval.estimate), 1)} {'higher' if interval.estimate > 0 else 'lower'}"
    between = f"{signed(100 * interval.low, 1)} to {signed(100 * interval.high, 1)}"
    return f"{name} is {difference} ({between}); {allowed}."


def _amount(measure: Measure, share: float, decimals: int = 0) -> str:
    number = f"{100 * share:.{decimals}f}" if decimals else f"{100 * share:g}"
    if measure in POINTS:
        return f"{number} {'point' if number == '1' else 'points'}"
    return f"{number}{THIN}%"
