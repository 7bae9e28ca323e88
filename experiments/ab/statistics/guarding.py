"""Whether a guardrail holds, is open or is broken. Pure."""

from collections.abc import Mapping

from experiments.ab.statistics.measures import GOALS, POINTS
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
    if interval is None or interval.low is None or interval.high is None:
        return "open"
    worst, best = interval.high, interval.low
    if GOALS[guardrail.measure] > 0:
        worst, best = -interval.low, -interval.high
    if worst <= guardrail.margin:
        return "holds"
    return "broken" if best > guardrail.margin else "open"


def _said(guardrail: Guardrail, interval: Interval | None, state: GuardrailState, unit: str) -> str:
    more = "less" if GOALS[guardrail.measure] > 0 else "more"
    allowed = f"{guardrail.measure} may be {100 * guardrail.margin:g} {unit} {more} than A's"
    if interval is None or interval.low is None or interval.high is None:
        return f"{allowed}; nothing is known of it yet."
    between = f"between {100 * interval.low:+.1f} and {100 * interval.high:+.1f} {unit}"
    return f"{allowed}; the difference lies {between}: {WORDS[state]}."
