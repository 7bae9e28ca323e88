"""The plain specification of what was learned from outcomes: docs/router.md, "Learned success"."""

import math
from decimal import Decimal

from autorouter.decision.success import Evidence, LearnedSuccess
from autorouter.types import RouterRelease, Task
from models_registry.types import Model


def evidence(model: Model, router: RouterRelease, task: Task) -> Evidence | None:
    if not router.success:
        return None
    learned = router.success.get(model.id)
    if learned is None:
        return Evidence(outcomes=0, reason="no evidence")
    kind = learned.kinds.get(task.category)
    if kind is None:
        return Evidence(outcomes=0, reason="kind not seen")
    if task.terms and len(known(learned, task)) / len(task.terms) < kind.least_seen / 100:
        return Evidence(outcomes=kind.outcomes, reason="unfamiliar prompt")
    return Evidence(outcomes=kind.outcomes, reason="")


def known(learned: LearnedSuccess, task: Task) -> list[int]:
    return [learned.terms[number] for number in task.terms if number in learned.terms]


def points(model: Model, router: RouterRelease, task: Task, score: Decimal) -> Decimal:
    """What is added to the category's score."""
    found = evidence(model, router, task)
    if found is None or found.reason:
        return Decimal(0)
    learned = router.success[model.id]
    share = min(0.995, max(0.005, float(score) / 100))
    logit = math.log(share / (1 - share)) + learned.kinds[task.category].shift / 1000
    if task.terms:
        logit += sum(known(learned, task)) / 1000 / math.sqrt(len(task.terms))
    raised = 1 / (1 + math.exp(-logit)) if abs(logit) < 30 else float(logit > 0)
    tenths = round((raised - share) * 1000)
    while score + Decimal(tenths) / 10 > 100:
        tenths -= 1
    while score + Decimal(tenths) / 10 < 0:
        tenths += 1
    return router.config.learned_weight * Decimal("0.1") * tenths if tenths and router.config.learned_weight else Decimal(0)
