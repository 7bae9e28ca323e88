"""Every version of every configuration table: who, when, from where and why, field by field; and any of them restored.

Restoring writes a new version, through the same validation and publishing as any other change. What was deleted in one
transaction (a model with its deployments and prices) comes back together.
"""

import heapq
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from simple_history.models import registered_models

from routerhub.audit import family, history, publishing
from routerhub.audit.change import Change
from routerhub.audit.forms import REASON_MISSING
from routerhub.audit.models import Audited
from routerhub.audit.permissions import may

KINDS = {"+": "added", "~": "changed", "-": "deleted"}
SAME_TRANSACTION = timedelta(minutes=10)
"""Transaction numbers are unique in a server; a restored backup may count anew, so that the time must be near too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldChange:
    """One field that a version has otherwise than the one before it."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionEntry:
    """One version of one row. `changes` is None where they were not asked for."""

    table: str
    id: int
    row: str
    """Primary key of the row."""
    name: str
    """How the row called itself."""
    kind: str
    """added, changed or deleted"""
    at: datetime
    author: str
    ip: str | None
    reason: str
    changes: tuple[FieldChange, ...]

    @property
    def title(self) -> str:
        """What people call the table."""
        return str(table_of(self.table)._meta.verbose_name)


def tables() -> dict[str, type[models.Model]]:
    """Every table that keeps a history, by name."""
    return {model._meta.model_name or "": model for model in registered_models.values()}


def table_of(name: str) -> type[models.Model]:
    """Raises ValidationError for a table without history."""
    known = tables()
    if name not in known:
        raise ValidationError({"table": f"{name!r} is not one of {', '.join(sorted(known))}."})
    return known[name]


def versions(
    table: str = "",
    row: str = "",
    author: str = "",
    kind: str = "",
    offset: int = 0,
    limit: int = 50,
    among: Collection[str] | None = None,
) -> list[VersionEntry]:
    """The newest versions first, of all tables or one, of one row, by one author, of one kind. Raises ValidationError.

    `among` names the tables that may be seen; None: all.
    """
    known = [table_of(table)] if table else list(tables().values())
    chosen = [model for model in known if among is None or model._meta.model_name in among]
    queries = []
    for model in chosen:
        found = _manager(model).select_related("history_user").order_by("-history_date", "-history_id")
        if row:
            found = found.filter(**{model._meta.pk.attname: row}) if _fits(model, row) else found.none()
        if author:
            found = found.filter(history_user__username=author)
        if kind:
            found = found.filter(history_type=next((sign for sign, word in KINDS.items() if word == kind), "?"))
        queries.append(found[: offset + limit])
    merged = heapq.merge(*queries, key=lambda entry: (entry.history_date, entry.history_id), reverse=True)
    return _described(list(islice(merged, offset, offset + limit)))


def seen_by(user: Any) -> list[str]:
    """The tables whose history a user may see, by name."""
    return [name for name, model in tables().items() if may(user, "view", model)]


def final_because(table_name: str) -> str:
    """Why no version of a table is made current again; empty where one may be. Raises ValidationError."""
    model = table_of(table_name)
    return model.final_because if issubclass(model, Audited) else "Only configuration is restored."


def permission(verb: str, table_name: str) -> str:
    """Django's name of the right to view or change a table. Raises ValidationError."""
    model = table_of(table_name)
    return f"{model._meta.app_label}.{verb}_{model._meta.model_name}"


def version(table_name: str, number: int) -> VersionEntry:
    """One version. Raises ValidationError."""
    return _described([_entry(table_name, number)])[0]


@transaction.atomic
def restore(table_name: str, number: int, change: Change) -> list[str]:
    """Make a version the current one again, as a new version, and publish. Returns the names of the restored rows.

    A deleted row comes back with what was deleted together with it. Raises ValidationError, InvalidRelease; nothing is
    written then.
    """
    if not change.reason.strip():
        raise ValidationError({"reason": REASON_MISSING})
    if final := final_because(table_name):
        raise ValidationError({"table": final})
    entry = _entry(table_name, number)
    model = entry.instance_type
    newest = _manager(model).filter(**{model._meta.pk.attname: entry.instance.pk}).first()
    restored = [_bring_back(entry, change)]
    if newest is not None and newest.history_type == "-":
        restored += [_bring_back(each, change) for each in _deleted_together(newest)]
    publishing.publish(model, change)
    return restored


def _bring_back(entry: Any, change: Change) -> str:
    row = entry.instance
    row.is_trusted = True
    try:
        row.clean_fields()
        history.stamp(row, change.because(f"restored version {entry.history_id}: {change.reason}"))
        with transaction.atomic():
            row.save()
    except IntegrityError as problem:
        raise ValidationError(f"{_name(row)} cannot be restored as it was: {problem}") from problem
    return f"{entry.instance_type._meta.verbose_name} {_name(row)}"


def _deleted_together(deletion: Any) -> Iterator[Any]:
    """The last versions of the rows that the same transaction deleted from tables below this one, parents first."""
    near = (deletion.history_date - SAME_TRANSACTION, deletion.history_date + SAME_TRANSACTION)
    parents, seen = [deletion.instance_type], {deletion.instance_type}
    keys: dict[type[models.Model], set[Any]] = {deletion.instance_type: {deletion.instance.pk}}
    while parents:
        parent = parents.pop(0)
        for relation in parent._meta.related_objects:
            child: Any = relation.related_model
            if child not in tables().values() or child in seen or relation.on_delete is not models.CASCADE:
                continue
            lost = _manager(child).filter(
                history_type="-", history_date__range=near, **{f"{relation.field.attname}__in": keys[parent]}
            )
            if hasattr(lost.model, "transaction"):
                lost = lost.filter(transaction=deletion.transaction)
            found = list(lost.order_by("history_id"))
            keys[child] = {each.instance.pk for each in found}
            seen.add(child)
            parents.append(child)
            yield from found


def _manager(model: type[models.Model]) -> Any:
    return model.history  # type: ignore[attr-defined]


def _fits(model: type[models.Model], row: str) -> bool:
    try:
        model._meta.pk.to_python(row)
    except ValidationError:
        return False
    return True


def _entry(table_name: str, number: int) -> Any:
    found = _manager(table_of(table_name)).filter(history_id=number).first()
    if found is None:
        raise ValidationError({"version": f"{table_name} has no version {number}."})
    return found


def _described(entries: Sequence[Any]) -> list[VersionEntry]:
    """Entries with their names and changes, in a few queries for each table among them."""
    rows = {entry: entry.instance for entry in entries}
    before: dict[Any, Any] = {}
    below: dict[Any, list[Any]] = {}
    for model in {entry.instance_type for entry in entries}:
        of_table = [entry for entry in entries if entry.instance_type is model]
        models.prefetch_related_objects([rows[entry] for entry in of_table], *getattr(model, "named_by", ()))
        changed = [entry for entry in of_table if entry.history_type == "~"]
        before |= _before(model, changed)
        below |= family.written_below(model, changed)
    return [_version(entry, rows[entry], before.get(entry), below.get(entry, ())) for entry in entries]


def _before(model: type[models.Model], entries: Sequence[Any]) -> dict[Any, Any]:
    """The version of its row before each entry, by entry."""
    if not entries:
        return {}
    key, history = model._meta.pk.attname, _manager(model)
    older = history.filter(**{key: models.OuterRef(key)}).filter(
        models.Q(history_date__lt=models.OuterRef("history_date"))
        | models.Q(history_date=models.OuterRef("history_date"), history_id__lt=models.OuterRef("history_id"))
    )
    newest = older.order_by("-history_date", "-history_id").values("history_id")[:1]
    chosen = history.filter(history_id__in=[entry.history_id for entry in entries])
    ids = dict(chosen.order_by().values_list("history_id", models.Subquery(newest)))
    found = history.in_bulk([each for each in ids.values() if each], field_name="history_id")
    return {entry: found.get(ids[entry.history_id]) for entry in entries}


def _version(entry: Any, row: models.Model, before: Any, below: Iterable[Any]) -> VersionEntry:
    model = entry.instance_type
    return VersionEntry(
        table=model._meta.model_name,
        id=entry.history_id,
        row=str(row.pk),
        name=_name(row),
        kind=KINDS[entry.history_type],
        at=entry.history_date,
        author=str(entry.history_user) if entry.history_user else "",
        ip=entry.ip,
        reason=entry.history_change_reason or "",
        changes=(*_changes(entry, before), *(change for each in below for change in _changes_below(each))),
    )


def _name(row: models.Model) -> str:
    """A row whose parent is gone cannot always say its name."""
    try:
        return str(row)
    except (models.ObjectDoesNotExist, AttributeError):
        return f"{row._meta.verbose_name} {row.pk}"


def _changes_below(entry: Any) -> Iterator[FieldChange]:
    """What happened to a row that hangs on another, as a part of what happened to that one."""
    row, title = entry.instance, str(entry.instance_type._meta.verbose_name)
    if entry.history_type == "~":
        for change in _changes(entry, _before(entry.instance_type, [entry]).get(entry)):
            yield replace(change, field=f"{title} {_name(row)}, {change.field}")
        return
    is_added = entry.history_type == "+"
    earlier = row.predecessor() if is_added else row
    yield FieldChange(field=title, before=earlier and _name(earlier), after=_name(row) if is_added else None)


def _changes(entry: Any, before: Any) -> Iterator[FieldChange]:
    for field in entry.tracked_fields:
        if field.primary_key:
            continue
        new = getattr(entry, field.attname)
        old = getattr(before, field.attname) if before else None
        if entry.history_type == "-":
            new, old = None, new
        if new != old and not (before is None and new in ("", None, [], {}) and old in ("", None, [], {})):
            yield FieldChange(field=field.verbose_name, before=old, after=new)
