"""Whether a guardrail holds, is open or is broken. Pure."""

from collections.abc import Mapping

from experiments.ab.statistics.measures import GOALS, LABELS, POINTS
from experiments.ab.types import Compared, Guarded, Guardrail, GuardrailState, Interval

WORDS: Mapping[GuardrailState, str] = {"holds": "it holds", "open": "it is open", "broken": "it is broken"}


def guarded(guardrail: Guardrail, compared: Compared) -> Guarded:
    """Holds: all of the interval is allowed; broken: none of it is; else open. Points for success, fallback and satisfaction, a
    share of A for all others."""
    points = guardrail.measure in POINTS
    interval = compared.difference if points else compared.relative
    state = _state(guardrail, interval)
    return Guarded(
        guardrail=guardrail, state=state, said=_said(guardrail, interval, state, "points" if points else "%")
    )


def _state(guardrail: Guardrail, interval: Interval | None) -> GuardrailState:
    """Of an interval that is bounded to one side only, that side may tell."""
    best, worst = (interval.low, interval.high) if interval else (None, None)
    if GOALS[guardrail.measure] > 0:
        best, worst = (None if limit is None else -limit for limit in (worst, best))
    if worst is not None and worst <= guardrail.margin:
        return "holds"
    return "broken" if best is not None and best > guardrail.margin else "open"


def _said(guardrail: Guardrail, interval: Interval | None, state: GuardrailState, unit: str) -> str:
    more = "lower" if GOALS[guardrail.measure] > 0 else "higher"
    allowed = f"{LABELS[guardrail.measure]} may be {100 * guardrail.margin:g} {unit} {more} than A's"
    if interval is None or (interval.low is None and interval.high is None):
        return f"{allowed}; too little is known yet."
    low, high = (limit if limit is None else f"{100 * limit:+.1f}" for limit in (interval.low, interval.high))
    between = f"between {low} and {high}" if low and high else f"above {low}" if low else f"below {high}"
    return f"{allowed}; the difference lies {between} {unit}: {WORDS[state]}."
