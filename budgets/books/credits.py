"""What people give back: an entry of its own with a reason, never a change to what was charged."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Q, Sum
from django.utils import timezone

from budgets.choices import EntryKind
from budgets.limits.names import named
from budgets.models import Account, LedgerEntry, Limit
from budgets.money import dollars
from routerhub.audit.change import Change
from routerhub.audit.forms import REASON_MISSING

CHARGED = ("key_id", "user_id", "is_sandbox", "task_type", "category", "model", "provider")
"""What a credit has of the operation that it is for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Credit:
    """So much back for an account, or for one operation of it."""

    account: Account
    amount_nano: int
    operation_id: uuid.UUID | None = None
    gives_room: bool = False
    """Whether the limits of the running periods that counted it have it back too. Else only what is billed is less."""
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    """Its name: the same one twice is one credit."""


@transaction.atomic
def give(credit: Credit, change: Change) -> LedgerEntry:
    """The credit's entry. Giving it again changes nothing. It belongs to the month in which it is given.

    Raises ValidationError: neither an operation, nor an account, nor a counter comes below zero.
    """
    _take_turn(credit.account)
    known = LedgerEntry.objects.filter(operation_id=credit.id).first()
    if known is not None:
        return _same(known, credit)
    if credit.amount_nano <= 0:
        raise ValidationError({"amount_usd": f"{dollars(credit.amount_nano)} is no credit: give more than nothing."})
    if not change.reason.strip():
        raise ValidationError({"reason": REASON_MISSING})
    charges = _charges(credit)
    scopes = sorted(
        {scope for charge in charges for scope in charge.scopes} or {"site:", f"account:{credit.account.pk}"}
    )
    moment, last = timezone.now(), charges[-1] if charges else None
    return LedgerEntry.objects.create(
        operation_id=credit.id, hop=0, kind=EntryKind.CREDIT, account_id=credit.account.pk, amount_nano=-credit.amount_nano,
        tokens=0, counters=_given_room(credit, scopes, bool(last and last.is_sandbox)) if credit.gives_room else [],
        settled_at=moment, incurred_at=moment, scopes=scopes, refers_to=credit.operation_id, author_id=change.author_id,
        author=change.author.get_username() if change.author else "", address=change.address, reason=change.reason,
        **({name: getattr(last, name) for name in CHARGED} if last else {}),
    )  # fmt: skip


def _take_turn(account: Account) -> None:
    """One credit of an account at a time, so that no two give the same money back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('budgets.credits', %s))", [account.pk])


def _same(known: LedgerEntry, credit: Credit) -> LedgerEntry:
    told = (known.kind, known.account_id, known.amount_nano, known.refers_to)
    if told != (EntryKind.CREDIT, credit.account.pk, -credit.amount_nano, credit.operation_id):
        raise ValidationError({"id": f"{credit.id} is another entry of the ledger already."})
    return known


def _charges(credit: Credit) -> list[LedgerEntry]:
    """The charges of the operation that it is for. Raises ValidationError where they, or all of the account, are less."""
    of_account = LedgerEntry.objects.filter(account_id=credit.account.pk)
    if credit.operation_id is None:
        left = _sum(of_account.filter(is_sandbox=False))
        whole, charges = f"the account {credit.account.slug}", []
    else:
        charges = list(of_account.filter(operation_id=credit.operation_id, kind=EntryKind.CHARGE).order_by("hop"))
        if not charges:
            raise ValidationError(
                {"operation_id": f"No operation {credit.operation_id} of {credit.account.slug} was charged."}
            )
        left = _sum(of_account.filter(Q(operation_id=credit.operation_id) | Q(refers_to=credit.operation_id)))
        whole = f"the operation {credit.operation_id}"
    if credit.amount_nano > left:
        raise ValidationError({"amount_usd": f"{dollars(credit.amount_nano)} is more than the {dollars(left)} that {whole} was "
                                             "charged and has not got back."})  # fmt: skip
    return charges


def _sum(entries: Any) -> int:
    return int(entries.aggregate(sum=Sum("amount_nano", default=0))["sum"])


def _given_room(credit: Credit, scopes: list[str], is_sandbox: bool) -> list[int]:
    """Take it off the counters of the running periods. Returns their ids. Raises ValidationError where one has spent less."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, spent, limit_id FROM running_money_counters(%s, %s)", [credit.account.pk, scopes])
        counters = cursor.fetchall()
        for _, spent, limit_id in counters:
            if spent < credit.amount_nano:
                (limit,) = named(Limit.objects.filter(pk=limit_id))
                raise ValidationError({"gives_room": f"The limit of {limit} has only spent {dollars(spent)} in its running "
                                                     "period: give no more room than that, or none."})  # fmt: skip
        ids = [row[0] for row in counters]
        cursor.execute(
            "UPDATE budgets_counter SET spent = spent - %s, sandbox = sandbox - %s WHERE id = ANY (%s)",
            [credit.amount_nano, credit.amount_nano if is_sandbox else 0, ids],
        )
    return ids
