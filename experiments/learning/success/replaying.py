"""What learned success would change of recent requests: a model-based estimate; and off-policy, where choices were drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from analytics.models import Feedback, Record
from autorouter.decision.scoring import category_score
from autorouter.decision.success import Learned, LearnedSuccess
from autorouter.types import RouterRelease
from experiments.learning.success import evidence
from experiments.learning.success.fitting import Common, prior_logit, sigmoid
from experiments.learning.success.off_policy import MIN_EFFECTIVE, Logged, value
from experiments.learning.success.outcomes import Outcome, Priors
from experiments.replay import backtest, stats, traffic
from experiments.replay.backtest import Pair
from experiments.replay.comparing import Paired, Replay
from experiments.replay.traffic import Slice
from experiments.types import Situation
from models_registry.types import Catalogue

MAX_REPLAYED = 1_000
ESTIMATE = "model-based estimate"
OFF_POLICY = "off-policy, self-normalised inverse propensity"
NO_EVIDENCE = "no evidence"
Models = Mapping[str, LearnedSuccess]


def releases() -> tuple[Catalogue, RouterRelease]:
    """What is live for everybody."""
    return backtest.load(Pair())


def priors_of(router: RouterRelease, outcomes: Sequence[Outcome]) -> Priors:
    """The profile's score of every model for every kind that there are outcomes of."""
    pairs = sorted({(each.model, each.kind) for each in outcomes})
    asked = {(model, kind): router.profiles.get(model) for model, kind in pairs}
    return {
        (model, kind): profile.categories[kind].value  # type: ignore[index]
        for (model, kind), profile in asked.items()
        if profile and kind in profile.categories
    }


def with_learned(router: RouterRelease, models: Models) -> RouterRelease:
    return replace(router, success=Learned({**router.success, **models}))


def changes(models: Models, common: Common, since: datetime) -> dict[str, Any]:
    """What the newest requests would get otherwise, and what the fitted models themselves expect of it."""
    found = traffic.recorded(Slice(limit=MAX_REPLAYED, since=since))
    catalogue, router = releases()
    later = with_learned(router, models)
    replays = Replay(catalogue, router), Replay(catalogue, later)
    moved, success, cost = 0, Paired(), Paired()
    for situation in found.situations:
        old, new = (replay.choice(situation) for replay in replays)
        moved += old != new
        if old is None or new is None:
            continue
        success.add(*(_expected(model, situation, later, common) for model in (old, new)))
        cost.add(*(float(replays[0].cost_usd(model, situation) or 0) for model in (old, new)))
    if not found.situations:
        return {"is": NO_EVIDENCE, "requests": 0}
    return {
        "is": ESTIMATE, "requests": len(found.situations), "moved": moved,
        "success": asdict(stats.change(success.before, success.after)),
        "cost_usd": asdict(stats.change(cost.before, cost.after)),
    }  # fmt: skip


def _expected(model: str, situation: Situation, router: RouterRelease, common: Common) -> float:
    """With what probability an answer succeeds, as profile and outcomes have it."""
    kind, terms = situation.task.category, situation.task.terms
    score = category_score(situation.task, router.profiles.get(model))
    total = prior_logit({(model, kind): score}, model, kind) + common.of(kind, terms)
    return sigmoid(total + (evidence.moved(router.success.get(model), kind, terms) or 0.0))


# --- off policy


def off_policy(models: Models, since: datetime) -> dict[str, Any]:
    """What judged requests of tests say of the choices as they are, and as they would be."""
    satisfaction = dict(Feedback.objects.filter(reported_at__gte=since).values_list("operation_id", "satisfaction"))
    drawn = Record.objects.filter(
        created_at__gte=since, operation_id__in=satisfaction, propensity__isnull=False, outcome="success", saved_nano=None
    ).order_by("-created_at")[: traffic.MAX_REQUESTS]  # fmt: skip
    asked = {operation: _untested(each) for operation, each in traffic.by_request(drawn).items()}
    rows = [row for row in drawn.values_list("operation_id", "model", "unit", "propensity") if row[0] in asked]
    catalogue, router = releases()
    told = {}
    for name, each in {"now": router, "then": with_learned(router, models)}.items():
        replay = Replay(catalogue, each)
        found = value(
            Logged(unit=unit, propensity=propensity, score=float(satisfaction[operation]),
                   is_same=replay.choice(asked[operation]) == model)
            for operation, model, unit, propensity in rows if propensity
        )  # fmt: skip
        told[name] = asdict(found) if found else None
    if told["then"] is None:
        return {"is": NO_EVIDENCE, "requests": len(rows), "needed": MIN_EFFECTIVE}
    return {"is": OFF_POLICY, **told}


def _untested(situation: Situation) -> Situation:
    """Without what the test put first."""
    return replace(situation, constraints=replace(situation.constraints, tested=None, leads=None))
