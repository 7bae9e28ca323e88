"""Accounts of a demonstration with their people, keys and limits. They are known by their marks: accounts by the beginning of
their slugs, people by the domain of their mail."""

from collections.abc import Iterable
from decimal import Decimal

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection, transaction

from budgets.choices import Measure, ScopeKind
from budgets.demonstration import entries
from budgets.demonstration.types import Badge, Bound, Hired
from budgets.limits.setting import set_limit
from budgets.models import Account, Counter, Limit, Membership
from budgets.people import members
from budgets.people.keys import create_key
from budgets.types import NANO
from routerhub.audit import history
from routerhub.audit.change import Change
from routerhub.audit.models import Audited

PREFIX, DOMAIN = "demo-", "demo.invalid"
SERVICE = ""
"""Stands for whoever is nobody: a program."""
PLENTY = Decimal(1_000_000)
"""Dollars: what a limit is set to until it is known what its period has seen."""


def is_there() -> bool:
    return Account.objects.filter(slug__startswith=PREFIX).exists()


def hire(slug: str, name: str, zone: str, people: Iterable[Hired], change: Change) -> dict[str, Badge]:
    """A new account. Returns by whose name which key is used; a program's is SERVICE."""
    account = Account(slug=f"{PREFIX}{slug}", name=name, timezone=zone)
    history.stamp(account, change)
    account.save()
    service, _ = create_key(account, "services", change=change)
    badges = {SERVICE: Badge(account_id=account.pk, key_id=service.pk, user_id=None)}
    for each in people:
        user = get_user_model().objects.create(
            username=each.username,
            first_name=each.first_name,
            last_name=each.last_name,
            email=f"{each.username}@{DOMAIN}",
        )
        members.save(Membership(account=account, user=user, role=each.role), change)
        key, _ = create_key(account, f"{each.first_name}'s key", user, change=change)
        badges[each.username] = Badge(account_id=account.pk, key_id=key.pk, user_id=user.pk)
    return badges


def bind(slug: str, bounds: Iterable[Bound], change: Change) -> None:
    """Limits of an account's, each at the mark that is wanted: after its entries were written."""
    account = Account.objects.get(slug=f"{PREFIX}{slug}")
    for bound in bounds:
        row = Limit(kind=bound.kind, measure=Measure.MONEY, period=bound.period, mode=bound.mode)
        if bound.kind != ScopeKind.ACCOUNT:
            row.account = account
        subject = account.slug if bound.kind == ScopeKind.ACCOUNT else bound.subject
        set_limit(row, {"subject": subject, "amount": PLENTY}, change)
        spent = Counter.objects.filter(limit=row).order_by("-period_start").values_list("spent", flat=True).first() or 0
        row.amount = max(NANO, round(spent / bound.used))
        history.stamp(row, change)
        row.save()


@transaction.atomic
def ids() -> list[int]:
    """Of its accounts."""
    return list(Account.objects.filter(slug__startswith=PREFIX).values_list("pk", flat=True))


def dismiss(change: Change) -> int:
    """Take all of them away, with every row of theirs in whatever table. Returns how many accounts there were."""
    accounts = list(Account.objects.filter(slug__startswith=PREFIX))
    ids = [each.pk for each in accounts]
    people = list(get_user_model().objects.filter(email__endswith=f"@{DOMAIN}"))
    history.delete(list(Limit.objects.filter(account__in=accounts)), change)
    entries.forget(ids)
    for table in _tables_of_accounts():
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table} WHERE account_id = ANY (%s)", [ids])  # noqa: S608
    history.delete(accounts, change)
    for person in people:
        person.delete()
    return len(accounts)


def _tables_of_accounts() -> list[str]:
    """What the product writes by itself about accounts: it names them by a plain number, so that nothing hangs on it."""
    return [
        model._meta.db_table
        for model in apps.get_models()
        if hasattr(model, "owned_by") and not issubclass(model, Audited) and model is not apps.get_model("budgets.LedgerEntry")
        and not model._meta.db_table.startswith("budgets_billing") and not model._meta.db_table.startswith("audit_")
        and any(field.column == "account_id" and not field.is_relation for field in model._meta.concrete_fields)
    ]  # fmt: skip
