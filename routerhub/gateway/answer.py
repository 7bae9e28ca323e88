"""What an answer tells beside itself: the `routerhub` object and the x-routerhub-* headers."""

from decimal import Decimal
from typing import Any

from autorouter.decision import explain
from autorouter.types import Candidate
from budgets.types import Granted, to_usd
from models_registry.types import SANDBOX, Deployment
from routerhub.gateway.operation import Operation


def told(operation: Operation, candidate: Candidate, deployment: Deployment) -> dict[str, Any]:
    """Which model, why, by which releases: all that is known before the answer is complete."""
    decision = operation.decision
    runner_up = next((each for each in decision.candidates if each.model != candidate.model), None)
    return {
        "operation_id": str(operation.id),
        "model": candidate.model,
        "provider": deployment.provider,
        "sandbox": deployment.provider == SANDBOX,
        "why": explain.why(decision, candidate),
        "task": explain.task_json(decision.task),
        "score": float(candidate.score),
        "tier": candidate.tier,
        "terms": explain.terms_json(candidate.terms),
        "runner_up": {"model": runner_up.model, "score": float(runner_up.score)} if runner_up else None,
        "releases": {"catalogue": decision.catalogue_release, "router": decision.router_release},
        "estimated_cost_usd": f"{candidate.estimated_cost_usd:f}",
    }


def settled(operation: Operation, held: Granted, cost: Decimal, is_estimated: bool) -> dict[str, Any]:
    """What it cost and what is left, once that is known. `remaining_usd` is null where no money limit applies."""
    remaining = None
    if held.remaining_nano is not None:
        remaining = f"{to_usd(held.remaining_nano + held.amount_nano) - cost:f}"
    return {
        "cost_usd": f"{cost:f}",
        "usage_estimated": is_estimated,
        "remaining_usd": remaining,
        "attempts": [
            {
                "deployment": each.deployment,
                "status": each.status,
                "latency_ms": each.latency_ms,
                "error": each.error or None,
            }
            for each in operation.trail.attempts
        ],
    }


def headers(operation: Operation, candidate: Candidate, deployment: Deployment) -> dict[str, str]:
    return {
        "x-routerhub-operation-id": str(operation.id),
        "x-routerhub-model": candidate.model,
        "x-routerhub-provider": deployment.provider,
        "x-routerhub-sandbox": "true" if deployment.provider == SANDBOX else "false",
        "x-routerhub-catalogue-release": str(operation.decision.catalogue_release),
        "x-routerhub-router-release": str(operation.decision.router_release),
    }
