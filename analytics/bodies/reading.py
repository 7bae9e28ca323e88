"""What was said, read or deleted by people: each time it is kept who did it, from where and why."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.timezone import now

from analytics.bodies import keeping, retention
from analytics.models import Body
from budgets.people.legal_holds import accounts_held
from routerhub.audit import events
from routerhub.audit.change import Change
from routerhub.sealing import Unreadable


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """What a request and its answer said, as JSON values. `problem`: why it cannot be read, empty where it can."""

    request: Any = None
    answer: Any = None
    problem: str = ""


def find(operation_id: UUID, user: Any) -> Body | None:
    """What is kept of a request that a login or a key may read."""
    body = Body.objects.for_caller(user).filter(pk=operation_id).first()
    return None if body is None or retention.is_over(body, now()) else body


@transaction.atomic
def read(body: Body, change: Change) -> Opened:
    """What was said. That it was read is an event of the audit log."""
    events.note("body read", change, str(body.pk), body.account_id)
    try:
        request, answer = keeping.opened(body)
    except Unreadable as problem:
        return Opened(problem=str(problem))
    return Opened(request=request, answer=answer)


@transaction.atomic
def delete(body: Body, change: Change) -> None:
    """Forget what was said; the record of the request stays. Raises ValidationError."""
    _demand_free(body.account_id)
    events.note("body deleted", change, str(body.pk), body.account_id)
    body.delete()


@transaction.atomic
def delete_of_account(account_id: int, change: Change) -> int:
    """Forget all that an account said. Returns of how many requests. Raises ValidationError."""
    _demand_free(account_id)
    events.note("body deleted", change, "all", account_id)
    return Body.objects.filter(account_id=account_id).delete()[0]


def _demand_free(account_id: int) -> None:
    if account_id in accounts_held():
        raise ValidationError("The account is under legal hold: nothing that it said is deleted.")
