"""Where entries come from: each source says which of its rows fit, and tells them alike."""

import uuid
from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import GenericIPAddressField, Lookup, Q, QuerySet

from analytics.audit_log.types import Asked, Entry, Viewer
from analytics.models import Record
from budgets.money import dollars
from budgets.people.naming import called, ids_called
from routerhub.audit import entries, versions
from routerhub.audit.models import Event
from routerhub.audit.permissions import SOMEWHERE, may, right

REQUEST, CHANGE = "request", "change"


class Source:
    """Rows of one table by time and key, both falling."""

    name: str
    at: ClassVar[str]
    key: ClassVar[str]
    is_long = False
    """Whether it grows without end, so that a search goes only so far at once."""

    def rows(self, asked: Asked, viewer: Viewer) -> QuerySet[Any]:
        """All that fit, whenever they were."""
        raise NotImplementedError

    def entries(self, rows: Sequence[Any]) -> list[Entry]:
        raise NotImplementedError

    def in_range(self, found: QuerySet[Any], asked: Asked) -> QuerySet[Any]:
        bounds = {f"{self.at}__gte": asked.since, f"{self.at}__lt": asked.until}
        return found.filter(**{name: value for name, value in bounds.items() if value is not None})


@GenericIPAddressField.register_lookup
class Within(Lookup):
    """Whether an address is in a network, or is the one address: Django has no look-up for that."""

    lookup_name = "within"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        column, given = self.process_lhs(compiler, connection)
        return f"{column}::inet <<= %s::inet", [*given, self.rhs]


def _from(found: QuerySet[Any], column: str, address: str) -> QuerySet[Any]:
    return found.filter(**{f"{column}__within": address}) if address else found


class Requests(Source):
    name, at, key, is_long = REQUEST, "created_at", "operation_id", True

    def rows(self, asked: Asked, viewer: Viewer) -> QuerySet[Any]:
        found = Record.objects.for_caller(viewer.user)
        if asked.kind not in {"", REQUEST}:
            return found.none()
        if viewer.accounts is not None:
            found = found.filter(account_id__in=viewer.accounts)
        if asked.account_id is not None:
            found = found.filter(account_id=asked.account_id)
        if asked.who:
            people, keys = ids_called("user", asked.who), ids_called("key", asked.who)
            found = found.filter(Q(user_id__in=people) | Q(key_id__in=keys))
        if asked.subject:
            found = found.filter(Q(model=asked.subject) | Q(requested_model=asked.subject))
        return _from(found.filter(self._says(asked.text)), "ip", asked.address)

    def _says(self, text: str) -> Q:
        try:
            return Q(operation_id=uuid.UUID(text)) if text else Q()
        except ValueError:
            named = Q(session=text) | Q(task_id=text) | Q(worker=text)
            return named | Q(error__icontains=text) | Q(user_agent__icontains=text) | Q(model__icontains=text)

    def entries(self, rows: Sequence[Record]) -> list[Entry]:
        people = called("user", {row.user_id for row in rows if row.user_id})
        keys = called("key", {row.key_id for row in rows if row.key_id})
        accounts = called("account", {row.account_id for row in rows})
        return [
            Entry(
                at=row.created_at, source=self.name, key=str(row.operation_id), kind=REQUEST,
                who=", ".join(filter(None, (people.get(row.user_id or 0), keys.get(row.key_id or 0)))),
                address=str(row.ip or ""), account=accounts[row.account_id], subject=row.model or row.requested_model,
                text=f"{row.outcome}, {dollars(row.cost_nano, row.is_sandbox)}{row.error and f': {row.error}'}",
            )
            for row in rows
        ]  # fmt: skip


class Events(Source):
    name, at, key = "event", "at", "id"

    def rows(self, asked: Asked, viewer: Viewer) -> QuerySet[Any]:
        found = Event.objects.all()
        if viewer.accounts is not None:
            found = found.filter(account_id__in=viewer.accounts)
        exact = {"kind": asked.kind, "who__iexact": asked.who, "subject": asked.subject, "account_id": asked.account_id}
        found = found.filter(**{name: value for name, value in exact.items() if value not in ("", None)})
        if asked.text:
            found = found.filter(
                Q(text__icontains=asked.text) | Q(subject__icontains=asked.text) | Q(who__icontains=asked.text)
            )
        return _from(found, "address", asked.address)

    def entries(self, rows: Sequence[Event]) -> list[Entry]:
        accounts = called("account", {row.account_id for row in rows if row.account_id})
        return [
            Entry(
                at=row.at, source=self.name, key=str(row.pk), kind=row.kind, who=row.who, address=str(row.address or ""),
                account=accounts.get(row.account_id or 0, ""), subject=row.subject, text=row.text,
            )
            for row in rows
        ]  # fmt: skip


class Changes(Source):
    """The history of one table."""

    at, key = "history_date", "history_id"

    def __init__(self, name: str, table: Any) -> None:
        self.name, self.table = name, table

    def rows(self, asked: Asked, viewer: Viewer) -> QuerySet[Any]:
        found = self.table.history.select_related("history_user").order_by()
        kinds = {CHANGE: [*versions.KINDS], **{word: [sign] for sign, word in versions.KINDS.items()}}
        if (asked.kind and asked.kind not in kinds) or asked.subject not in {"", self.name}:
            return found.none()  # type: ignore[no-any-return]
        for accounts in ([asked.account_id] if asked.account_id is not None else None, viewer.accounts):
            if accounts is not None:
                found = found.filter(self._of(accounts))
        if asked.kind:
            found = found.filter(history_type__in=kinds[asked.kind])
        if asked.who:
            found = found.filter(history_user__username__iexact=asked.who)
        if asked.text:
            found = found.filter(history_change_reason__icontains=asked.text)
        return _from(found, "ip", asked.address)

    def _of(self, accounts: Any) -> Q:
        """What belongs to no account is no part of any."""
        of_each = [self.table.of_account(each) for each in accounts]
        whose = [each for each in of_each if each != Q()]
        found = Q(pk__in=[])
        for each in whose:
            found |= each
        return found

    def entries(self, rows: Sequence[Any]) -> list[Entry]:
        owners = [getattr(row, "account_id", None) for row in rows]
        accounts = called("account", {each for each in owners if each})
        return [
            Entry(
                at=told.at, source=self.name, key=str(told.id), kind=told.kind, who=told.author, address=told.ip or "",
                account=accounts.get(owner or 0, ""), subject=f"{told.title} {told.name}", text=told.reason,
                changes=told.changes,
            )
            for told, owner in zip(versions.described(rows), owners, strict=True)
        ]  # fmt: skip


def sources(viewer: Viewer) -> list[Source]:
    """Those that somebody may look into."""
    found: list[Source] = [Events()]
    if _may_see(viewer, Record):
        found.append(Requests())
    tables = entries.tables().items()
    return [*found, *(Changes(name, table) for name, table in tables if _may_see(viewer, table))]


def _may_see(viewer: Viewer, table: Any) -> bool:
    if may(viewer.user, "view", table):
        return True
    return viewer.accounts is not None and bool(viewer.user.has_perm(right("view", table), SOMEWHERE))
