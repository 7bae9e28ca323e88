"""What an answer tells beside itself: the `routerhub` object and the x-routerhub-* headers."""

import uuid
from typing import Any

import orjson

from autorouter.decision import explain
from autorouter.types import Candidate, Decision, Task
from budgets.money import usd
from models_registry.types import SANDBOX
from routerhub.gateway.attempts.reservation import Charge, Plan
from routerhub.gateway.errors import attempts_told
from routerhub.gateway.operation import Hold, Operation

Headers = list[tuple[bytes, bytes]]
FALSE_TRUE = (b"false", b"true")


def decided(operation: Operation, candidate: Candidate, provider: str) -> dict[str, Any]:
    """Which model, why, by which releases: all that is known before the answer is complete."""
    decision = operation.decision
    runner_up = next((each for each in decision.candidates if each.model != candidate.model), None)
    return {
        "operation_id": operation.id_text,
        "model": candidate.model,
        "provider": provider,
        "sandbox": provider == SANDBOX,
        "why": explain.why(decision, candidate),
        **explain.stand_in_json(decision, candidate),
        **explain.tested_json(decision),
        "task": explain.task_json(decision.task),
        "score": float(candidate.score),
        "tier": candidate.tier,
        "terms": explain.terms_json(candidate.terms),
        "runner_up": {"model": runner_up.model, "score": float(runner_up.score)} if runner_up else None,
        "releases": {"catalogue": decision.catalogue_release, "router": decision.router_release},
        "estimated_cost_usd": f"{candidate.estimated_cost_usd:f}",
        **({"cache": operation.cache} if operation.cache is not None else {}),
    }


def settled(operation: Operation, hold: Hold, charge: Charge) -> dict[str, Any]:
    """What it cost in all hops, and what is left. `remaining_usd` is null where no money limit applies."""
    granted = hold.granted
    remaining = None
    if granted.remaining_nano is not None:
        remaining = usd(granted.remaining_nano + granted.amount_nano - hold.charged_nano(charge))
    return {
        "cost_usd": usd(operation.charged_nano),
        "usage_estimated": charge.usage.is_estimated,
        "remaining_usd": remaining,
        "attempts": attempts_told(operation.attempts),
        **({"passed_over": operation.passed_over} if operation.passed_over else {}),
        **_scarcity(operation, hold.plan),
    }


def _scarcity(operation: Operation, plan: Plan | None) -> dict[str, int]:
    """What came of it that a limit was short of room: how long the answer could be at most, and how long it was waited for."""
    told = {}
    if plan is not None and plan.full_output is not None:
        told["max_output_tokens"] = plan.max_output
    if waited_ms := round(operation.waited_s * 1_000):
        told["waited_ms"] = waited_ms
    return told


def headers(
    operation: Operation, candidate: Candidate, provider: str, dropped: tuple[str, ...], plan: Plan | None = None
) -> Headers:
    """`dropped`: what of the request did not reach whoever answered. `plan`: by which it was asked, if anybody was."""
    decision, cache, tested = operation.decision, operation.cache or {}, operation.decision.constraints.tested
    asked = decision.constraints.stands_in_for(candidate.model) if decision.constraints.stand_ins else None
    return [
        *(
            [(b"x-routerhub-experiment", b"%d" % tested[0]), (b"x-routerhub-variant", tested[1].encode())]
            if tested
            else []
        ),
        *([(b"x-routerhub-model-asked", asked.encode())] if asked else []),
        *([(b"x-routerhub-attempts", b"%d" % tries)] if (tries := len(operation.attempts)) > 1 else []),
        *([(b"x-routerhub-dropped", ", ".join(dropped).encode())] if dropped else []),
        *[
            (b"x-routerhub-cache-%b" % name.replace("_", "-").encode(), str(told).encode())
            for name, told in cache.items()
        ],
        *[
            (b"x-routerhub-%b" % name.replace("_", "-").encode(), b"%d" % figure)
            for name, figure in _scarcity(operation, plan).items()
        ],
        *id_headers(operation.id),
        *_task_headers(decision.task),
        (b"x-routerhub-model", candidate.model.encode()),
        (b"x-routerhub-provider", provider.encode()),
        (b"x-routerhub-sandbox", FALSE_TRUE[provider == SANDBOX]),
        (b"x-routerhub-catalogue-release", b"%d" % decision.catalogue_release),
        (b"x-routerhub-router-release", b"%d" % decision.router_release),
    ]


def _task_headers(task: Task) -> Headers:
    """What the request was taken for, and how likely that is where somebody says."""
    confidence = [] if task.confidence is None else [(b"x-routerhub-confidence", b"%.2f" % task.confidence)]
    return [(b"x-routerhub-category", task.category.encode()), *confidence]


def id_headers(operation_id: uuid.UUID) -> Headers:
    """Which request it was, by our name for it and by those under which OpenAI's and Anthropic's clients tell it."""
    told = str(operation_id).encode()
    return [(b"x-routerhub-operation-id", told), (b"x-request-id", told), (b"request-id", told)]


def dry_run(decision: Decision) -> bytes:
    """The decision alone: nothing is reserved, called or recorded, and no database is needed."""
    return orjson.dumps({"object": "routerhub.decision", "dry_run": True, "routerhub": explain.as_json(decision)})
