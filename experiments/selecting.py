"""A selection as analytics keeps it: what was decided, by which facts, for whom. The router does not know where that is kept."""

import json
from uuid import UUID, uuid4

from analytics.models import Selection
from autorouter import availability_facts
from autorouter.decision import decision_json
from autorouter.keeping import Selected
from budgets.types import to_nano


def keep(selected: Selected) -> UUID:
    """Keep it, and return the id under which its outcome is told. Raises DatabaseError."""
    caller, decision, candidate = selected.caller, selected.decision, selected.candidate
    digest = availability_facts.keep(selected.availability)
    row = Selection.objects.create(
        id=uuid4(), created_at=selected.at, account_id=caller.account_id, key_id=caller.key_id, user_id=caller.user_id,
        model=candidate.model, provider=candidate.provider, policy=decision.constraints.policy or "",
        task_type=selected.task_type, **decision_json.task_columns(decision.task),
        priority=decision.constraints.priority, session=selected.session, task_id=selected.task_id, worker=selected.worker,
        tags=list(selected.tags), metadata=selected.metadata, estimated_nano=to_nano(candidate.estimated_cost_usd),
        catalogue_release=decision.catalogue_release, router_release=decision.router_release,
        decision=json.loads(decision_json.dumps(decision, digest)),
    )  # fmt: skip
    return row.pk
