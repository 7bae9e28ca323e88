"""A recorded decision as people are told it: who answered and who came next, what would have changed that, and who was out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autorouter.decision import counterfactual
from autorouter.types import Candidate, Task
from experiments.replay.bars import bars
from experiments.replay.decisions import ExplainedDecision

TOLD = 2
MAX_LISTED = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    task: Task | None
    """What the request was taken for. None: its record does not keep it."""
    why: str
    problem: str
    """Why the decision cannot be shown again, or comes out otherwise; empty: it comes out the same."""
    first: Sequence[dict[str, Any]]
    """Who answered and who came next, with the bars of their scores; `name` is the model's without its maker."""
    candidates: Sequence[Candidate]
    count: int
    would_differ: tuple[str, ...]
    excluded: tuple[tuple[str, str], ...]
    """Models that were out, with the reason."""
    reasons: str
    """How many were out for what: 4 lack tools, 2 deprecated."""


def story(found: ExplainedDecision) -> Story:
    decision = found.decision
    candidates = decision.candidates if decision else ()
    out = decision.excluded if decision else ()
    shown = dict.fromkeys(each for each in (found.used, *candidates[:TOLD]) if each)
    return Story(
        task=found.task, why=found.why, problem=found.problem, first=_named(bars(list(shown)[:TOLD])),
        candidates=candidates[:MAX_LISTED],
        count=len(candidates), would_differ=counterfactual.changes(decision) if decision else (),
        excluded=tuple((each.model, each.reason) for each in out),
        reasons=", ".join(
            f"{count} {code.replace('_', ' ')}" for code, count in Counter(each.code for each in out).most_common()
        ),
    )  # fmt: skip


def _named(rows: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    return [{**row, "name": row["candidate"].model.partition(":")[2]} for row in rows]
