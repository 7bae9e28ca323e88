"""The decision for a request of vectors: the model that it names, or nobody. Pure.

Vectors of two models do not mix, so nothing is chosen between models and nothing is scored.
"""

from datetime import datetime
from decimal import Decimal

from autorouter.decision.candidates import Circumstances, estimated_cost_usd, price_now, reasons
from autorouter.decision.costs import UNPRICED
from autorouter.decision.ranking import Rankings
from autorouter.decision.scoring import cost_tier
from autorouter.decision.terms import Terms
from autorouter.types import EMBEDDING, Candidate, Constraints, Decision, Exclusion, Task
from models_registry.types import Model

NOUGHT = Decimal(0)
UNSCORED = Terms(
    category=NOUGHT, stickiness=NOUGHT, reasoning=NOUGHT, research=NOUGHT, complexity_factor=NOUGHT, tier_weight=NOUGHT,
    speed=NOUGHT,
)  # fmt: skip


def embedding_task(input_tokens: int) -> Task:
    """What a request of vectors is about: it is not sorted like a conversation."""
    return Task(
        category=EMBEDDING,  # type: ignore[arg-type]  # no ranking, profile or rule has it
        complexity="",  # type: ignore[arg-type]
        input_tokens=input_tokens,
        needs=frozenset(),
        origin="given",
    )


def decide_embedding(rankings: Rankings, model: Model, task: Task, constraints: Constraints, now: datetime) -> Decision:
    """Whether the model may make these vectors, and if not, every reason why."""
    case = Circumstances(
        catalogue=rankings.catalogue,
        config=rankings.router.config,
        availability=rankings.availability,
        task=task,
        constraints=constraints,
        max_cost_usd=constraints.max_cost_usd,
        now=now,
    )
    # The window is one input's, and the task has the size of all of them: the upstream says what is too long.
    against = [(code, text) for code, text in reasons(model, case) if code != "context"]
    excluded = (
        [Exclusion(model=model.id, code=against[0][0], reason="; ".join(text for _, text in against))]
        if against
        else []
    )
    return Decision(
        task=task,
        constraints=constraints,
        candidates=() if against else (_candidate(rankings, model, task, constraints, now),),
        excluded=tuple(excluded),
        considered=1,
        catalogue_release=rankings.catalogue.release,
        router_release=rankings.router.release,
    )


def _candidate(rankings: Rankings, model: Model, task: Task, constraints: Constraints, now: datetime) -> Candidate:
    price = price_now(model, rankings.availability, now)
    mean = (price.rates.input if price else None) or UNPRICED
    return Candidate(
        model=model.id,
        provider=model.provider,
        score=NOUGHT,
        tier=cost_tier(mean, rankings.router.config),
        terms=UNSCORED,
        mean_price=mean,
        quality=NOUGHT,
        estimated_cost_usd=estimated_cost_usd(model, price, task, constraints),
    )
