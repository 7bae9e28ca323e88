"""A decision as limits leave it, for whoever asks for one and calls nothing here. The gateway finds out when it reserves."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from autorouter.decision.candidates import EXPECTED_OUTPUT_TOKENS, permitted
from autorouter.decision.ranking import Rankings
from autorouter.types import Candidate, Decision, Exclusion
from budgets.limits import outlook
from budgets.limits.outlook import Wanted
from budgets.types import Caller, to_nano


def within_limits(
    decision: Decision, rankings: Rankings, caller: Caller, named: Iterable[str], now: datetime
) -> Decision:
    """Without the candidates for whose estimate some limit has no room: they are among the excluded. Raises DatabaseError."""
    scopes = ["site:", f"account:{caller.account_id}", f"key:{caller.key_id}", *named]
    if caller.user_id is not None:
        scopes.append(f"user:{caller.user_id}")
    if policy := decision.constraints.policy:
        scopes.append(f"policy:{policy}")
    wanted = {each.model: _wanted(decision, each, scopes, rankings, now) for each in decision.candidates}
    full = outlook.full(caller, wanted, now)
    if not full:
        return decision
    out = [Exclusion(model=name, code="budget", reason=str(room)) for name, room in full.items()]
    return replace(
        decision,
        candidates=tuple(each for each in decision.candidates if each.model not in full),
        excluded=tuple(sorted((*decision.excluded, *out), key=lambda each: each.model)),
    )


def _wanted(decision: Decision, each: Candidate, scopes: list[str], rankings: Rankings, now: datetime) -> Wanted:
    """What the request would likely take there; of the providers, all that may come to serve it count it."""
    model, constraints = rankings.catalogue.models[each.model], decision.constraints
    places = rankings.places(model, now)
    allowed = permitted(model, places, rankings.catalogue.providers, constraints, rankings.availability)
    output = min(EXPECTED_OUTPUT_TOKENS, model.max_output, constraints.max_output_tokens or EXPECTED_OUTPUT_TOKENS)
    return Wanted(
        scopes=(*scopes, f"model:{each.model}", *{f"provider:{place.provider}": None for place in allowed}),
        nano=to_nano(each.estimated_cost_usd),
        tokens=decision.task.input_tokens + output,
    )
