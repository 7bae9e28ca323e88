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
        return Evidence(category=task.category, outcomes=0, reason="no evidence")
    kind = learned.kinds.get(task.category)
    if kind is None:
        return Evidence(category=task.category, outcomes=0, reason="kind not seen")
    if task.terms and len(known(learned, task)) / len(task.terms) < kind.least_seen / 100:
        return Evidence(category=task.category, outcomes=kind.outcomes, reason="unfamiliar prompt")
    return Evidence(category=task.category, outcomes=kind.outcomes, reason="")


def known(learned: LearnedSuccess, task: Task) -> list[int]:
    return [learned.terms[number] for number in task.terms if number in learned.terms]


def points(model: Model, router: RouterRelease, task: Task, score: Decimal) -> Decimal:
    """What is added to the category's score."""
    found = evidence(model, router, task)
    if found is None or found.reason:
        return Decimal(0)
    learned = router.success[model.id]
    own = min(Decimal("99.5"), max(Decimal("0.5"), score))
    logit = round(math.log(own / (100 - own)) * 1000) + learned.kinds[task.category].shift
    if task.terms:
        logit += round(sum(known(learned, task)) / math.sqrt(len(task.terms)))
    logit = min(12_000, max(-12_000, logit))
    reached = Decimal(round(100_000 / (1 + math.exp(-logit / 1000)))) / 1000
    tenths = math.floor((reached - own) * 10 + Decimal("0.5"))
    while score + Decimal(tenths) / 10 > 100:
        tenths -= 1
    while score + Decimal(tenths) / 10 < 0:
        tenths += 1
    return (
        router.config.learned_weight * Decimal("0.1") * tenths
        if tenths and router.config.learned_weight
        else Decimal(0)
    )
