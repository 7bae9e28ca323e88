"""The money side of one hop: what is held before a model is called, and what its answer came to. Pure."""

from collections.abc import Sequence
from decimal import Decimal

from autorouter.types import Candidate
from budgets.types import AnswerRow, Granted, Outcome, Settlement, Spend, to_nano
from models_registry.errors import ImpossibleUsage, UnknownPrice
from models_registry.prices import pricing
from models_registry.types import Deployment, Model, Usage
from routerhub.gateway.operation import Operation

MIN_OUTPUT = 16
"""Tokens. An answer that would have to be shorter to fit a limit is of no use."""


def max_output_of(operation: Operation, model: Model, default: int) -> int:
    """Tokens that the answer may have at most: what the caller asked for, or the policy, or the default."""
    policy = operation.router.policies.get(operation.decision.constraints.policy or "")
    wanted = operation.request.max_output_tokens or (policy.max_output_tokens if policy else None) or default
    return min(wanted, model.max_output)


def ceiling_usd(operation: Operation, deployments: Sequence[Deployment], max_output: int) -> Decimal:
    """The most that the request can cost at the dearest of these deployments. Raises UnknownPrice."""
    request = operation.request
    return max(
        pricing.ceiling(
            pricing.price_at(each.prices, operation.started_at), request.max_input_tokens, max_output * request.choices
        )
        for each in deployments
    )


def output_within(
    operation: Operation, deployments: Sequence[Deployment], max_output: int, limit_usd: Decimal | None
) -> int | None:
    """The longest answer, at most `max_output` tokens, whose worst case stays within the limit for one task.

    None where not even the shortest answer does. Raises UnknownPrice.
    """
    if limit_usd is None or ceiling_usd(operation, deployments, max_output) <= limit_usd:
        return max_output
    least = min(MIN_OUTPUT, max_output)
    room = [_room(operation, each, limit_usd) for each in deployments]
    return longest if (longest := min(room)) >= least else None


def _room(operation: Operation, deployment: Deployment, limit_usd: Decimal) -> int:
    """So many tokens may an answer have there. What an answer costs grows evenly with its length."""
    nothing = ceiling_usd(operation, (deployment,), 0)
    a_thousand = ceiling_usd(operation, (deployment,), 1_000) - nothing
    return int((limit_usd - nothing) * 1_000 / a_thousand) if a_thousand > 0 and limit_usd >= nothing else 0


def task_limit_usd(operation: Operation) -> Decimal | None:
    """The most that this one request may cost: the lower one of its own limit and its policy's."""
    constraints = operation.decision.constraints
    policy = operation.router.policies.get(constraints.policy or "")
    limits = (constraints.max_cost_usd, policy.max_cost_usd if policy else None)
    return min((limit for limit in limits if limit is not None), default=None)


def spend(
    operation: Operation, hop: int, candidate: Candidate, deployments: Sequence[Deployment], ceiling: Decimal,
    max_output: int, lease_s: float,
) -> Spend:  # fmt: skip
    """The hold to ask for, with the record that is written if nobody lives to settle it."""
    return Spend(
        operation_id=operation.id,
        hop=hop,
        account_id=operation.caller.account_id,
        key_id=operation.caller.key_id,
        user_id=operation.caller.user_id,
        scopes=scopes(operation, candidate.model, deployments),
        amount_nano=to_nano(ceiling),
        tokens=operation.request.max_input_tokens + max_output * operation.request.choices,
        lease_s=lease_s,
        request=operation.request_row(candidate),
    )


def scopes(operation: Operation, model: str, deployments: Sequence[Deployment]) -> tuple[str, ...]:
    """Every scope whose limits count this request; of the providers, all that may come to serve it."""
    caller, constraints = operation.caller, operation.decision.constraints
    found = ["site:", f"account:{caller.account_id}", f"key:{caller.key_id}", f"model:{model}"]
    if caller.user_id is not None:
        found.append(f"user:{caller.user_id}")
    if constraints.policy:
        found.append(f"policy:{constraints.policy}")
    found += [f"provider:{name}" for name in dict.fromkeys(each.provider for each in deployments)]
    found += [f"tag:{tag}" for tag in dict.fromkeys(operation.request.controls.tags)]
    return tuple(found)


def cost_usd(operation: Operation, deployment: Deployment, usage: Usage, held: Granted) -> Decimal:
    """What the answer cost. Usage that contradicts itself costs what was held: never less than it may have been."""
    try:
        return pricing.cost(pricing.price_at(deployment.prices, operation.started_at), usage)
    except (ImpossibleUsage, UnknownPrice):
        return Decimal(held.amount_nano) / 1_000_000_000


def settlement(held: Granted, outcome: Outcome, cost: Decimal, tokens: int, answer: AnswerRow | None) -> Settlement:
    return Settlement(
        operation_id=held.operation_id,
        hop=held.hop,
        amount_nano=to_nano(cost),
        tokens=tokens,
        outcome=outcome,
        answer=answer,
    )
