"""Every version of every configuration table: who, when, from where and why, field by field; and any of them restored.

Restoring writes a new version, through the same validation and publishing as any other change. What was deleted in one
transaction (a model with its deployments and prices) comes back together.
"""

import heapq
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from routerhub.audit import family, history, publishing
from routerhub.audit.change import Change
from routerhub.audit.entries import SOURCES, Asked, FieldChange, Found, VersionEntry, table_of, tables
from routerhub.audit.forms import REASON_MISSING
from routerhub.audit.models import Audited
from routerhub.audit.permissions import may, right

KINDS = {"+": "added", "~": "changed", "-": "deleted"}
SAME_TRANSACTION = timedelta(minutes=10)
"""Transaction numbers are unique in a server; a restored backup may count anew, so that the time must be near too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What somebody may see of the history."""

    tables: Collection[str]
    account: int | None = None
    """That of a key: of what belongs to accounts it sees its own account's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Restoration:
    """What making a version the current one would do now."""

    is_gone: bool
    """Whether the row was deleted."""
    changes: tuple[FieldChange, ...]
    """Every field that it has otherwise than the row has now; all that are filled in, where the row is gone."""
    with_it: tuple[str, ...]
    """What was deleted together with the row, and would come back together."""
    rights: tuple[str, ...]
    """What whoever restores it needs, as Django names permissions: to change a row that is there, to add those that are not."""


def versions(  # noqa: PLR0913 - one for each filter
    table: str = "",
    row: str = "",
    author: str = "",
    kind: str = "",
    offset: int = 0,
    limit: int = 50,
    seen: Seen | None = None,
    *,
    q: str = "",
    since: date | None = None,
    until: date | None = None,
) -> list[VersionEntry]:
    """The newest versions first, of all tables or one, of one row, by one author, of one kind, with a text in the reason or in
    any field, and from one day to another (UTC), both included. Raises ValidationError.

    `seen`: by whom it is asked; None: all.
    """
    known = [] if table in SOURCES else [table_of(table)] if table else list(tables().values())
    chosen = [model for model in known if seen is None or model._meta.model_name in seen.tables]
    asked = Asked(author=author, kind=kind, q=q, since=since, until=until, limit=offset + limit)
    queries = [] if row else _of_sources(table, seen, asked)
    for model in chosen:
        found = _versions_of(model, seen).select_related("history_user").order_by("-history_date", "-history_id")
        if row:
            found = found.filter(**{model._meta.pk.attname: row}) if _fits(model, row) else found.none()
        if author:
            found = found.filter(history_user__username=author)
        if kind:
            found = found.filter(history_type=next((sign for sign, word in KINDS.items() if word == kind), "?"))
        found = found.filter(_says(model, q)) if q else found
        queries.append(within(found, "history_date", since, until)[: offset + limit])
    merged = heapq.merge(*queries, key=lambda entry: (entry.history_date, entry.history_id), reverse=True)
    return _told(list(islice(merged, offset, offset + limit)))


def _of_sources(table: str, seen: Seen | None, asked: Asked) -> list[Any]:
    """What the other parts of the history found. A key, which sees what is its account's, is told nothing of them."""
    chosen = [each for each in SOURCES.values() if table in ("", each.name)]
    return [each.found(asked) for each in chosen if seen is None or (seen.account is None and each.name in seen.tables)]


def _told(entries: Sequence[Any]) -> list[VersionEntry]:
    versions = iter(described([each for each in entries if not isinstance(each, Found)]))
    return [each.described() if isinstance(each, Found) else next(versions) for each in entries]


def _says(model: type[Audited], text: str) -> models.Q:
    """That a text stands in the reason, or in a field that holds text."""
    said = models.Q(history_change_reason__icontains=text)
    for field in _manager(model).model.tracked_fields:
        if isinstance(field, models.CharField | models.TextField) and not field.is_relation:
            said |= models.Q(**{f"{field.name}__icontains": text})
    return said


def within(rows: Any, column: str, since: date | None, until: date | None) -> Any:
    """Those of some days (UTC), both included, by a column of moments."""
    if since:
        rows = rows.filter(**{f"{column}__gte": datetime.combine(since, time.min, UTC)})
    return (
        rows.filter(**{f"{column}__lt": datetime.combine(until, time.min, UTC) + timedelta(days=1)}) if until else rows
    )


def seen_by(user: Any) -> Seen:
    """What a login or a key may see: the tables that Django's permissions name."""
    caller = getattr(user, "caller", None)
    return Seen(
        tables=[
            name
            for name, model in (tables() | {each.name: each.model for each in SOURCES.values()}).items()
            if may(user, "view", model)
        ],
        account=caller.account_id if caller else None,
    )


def final_because(table_name: str) -> str:
    """Why no version of a table is made current again; empty where one may be. Raises ValidationError."""
    return table_of(table_name).final_because


def version(table_name: str, number: int, seen: Seen | None = None) -> VersionEntry:
    """One version; `seen` as above. Raises ValidationError."""
    return described([_entry(table_name, number, seen)])[0]


def restoration(table_name: str, number: int, seen: Seen | None = None) -> Restoration:
    """What restoring a version would do now; `seen` as above. Raises ValidationError."""
    entry = _entry(table_name, number, seen)
    now = entry.instance_type._default_manager.filter(pk=entry.instance.pk).first()
    changes = tuple(_differences(entry.tracked_fields, now, entry))
    if now is not None:
        return Restoration(is_gone=False, changes=changes, with_it=(), rights=(right("change", type(now)),))
    rows = _family([entry, *_deleted_with(entry)])
    rights = dict.fromkeys(right("add", type(row)) for row in rows)
    return Restoration(is_gone=True, changes=changes, with_it=tuple(map(_title, rows[1:])), rights=tuple(rights))


def _family(entries: Sequence[Any]) -> list[models.Model]:
    """The rows of versions, parents first, each with the parent that is among them."""
    rows: dict[Any, models.Model] = {}
    for entry in entries:
        row = entry.instance
        for field in row._meta.concrete_fields:
            if parent := field.is_relation and rows.get((field.related_model, getattr(row, field.attname))):
                setattr(row, field.name, parent)
        rows[type(row), row.pk] = row
    return list(rows.values())


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
    restored = [_bring_back(each, change) for each in (entry, *_deleted_with(entry))]
    publishing.publish(entry.instance_type, change)
    return restored


def _bring_back(entry: Any, change: Change) -> str:
    """One row, as it was in a version."""
    row = entry.instance
    row.is_trusted = True
    try:
        row.clean_fields()
        history.stamp(row, change.because(f"restored version {entry.history_id}: {change.reason}"))
        with transaction.atomic():
            row.save()
    except IntegrityError as problem:
        raise ValidationError(f"{_name(row)} cannot be restored as it was: {problem}") from problem
    return _title(row)


def _title(row: models.Model) -> str:
    return f"{row._meta.verbose_name} {_name(row)}"


def _deleted_with(entry: Any) -> list[Any]:
    """The last versions of what was deleted together with a version's row; none while the row is there."""
    model = entry.instance_type
    newest = _manager(model).filter(**{model._meta.pk.attname: entry.instance.pk}).first()
    return list(_deleted_together(newest)) if newest is not None and newest.history_type == "-" else []


def _deleted_together(deletion: Any) -> Iterator[Any]:
    """The last versions of the rows that the same transaction deleted from tables below this one, parents first. Those of a
    table of which nothing is restored stay away."""
    near = (deletion.history_date - SAME_TRANSACTION, deletion.history_date + SAME_TRANSACTION)
    parents, seen = [deletion.instance_type], {deletion.instance_type}
    keys: dict[type[models.Model], set[Any]] = {deletion.instance_type: {deletion.instance.pk}}
    while parents:
        parent = parents.pop(0)
        for relation in parent._meta.related_objects:
            child: Any = relation.related_model
            if child not in tables().values() or child in seen or relation.on_delete is not models.CASCADE:
                continue
            if child.final_because:
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


def _manager(model: type[Audited]) -> Any:
    return model.history


def _versions_of(model: type[Audited], seen: Seen | None) -> Any:
    found = _manager(model).all()
    return found if seen is None or seen.account is None else found.filter(model.of_account(seen.account))


def _fits(model: type[models.Model], row: str) -> bool:
    try:
        model._meta.pk.to_python(row)
    except ValidationError:
        return False
    return True


def _entry(table_name: str, number: int, seen: Seen | None = None) -> Any:
    found = _versions_of(table_of(table_name), seen).filter(history_id=number).first()
    if found is None:
        raise ValidationError({"version": f"{table_name} has no version {number}."})
    return found


def described(entries: Sequence[Any]) -> list[VersionEntry]:
    """Rows of histories with their names and changes, in a few queries for each table among them."""
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


def _before(model: type[Audited], entries: Sequence[Any]) -> dict[Any, Any]:
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
    """What a version changed; of a deletion, what is gone."""
    if entry.history_type == "-":
        return _differences(entry.tracked_fields, entry, None)
    return _differences(entry.tracked_fields, before, entry)


def _differences(fields: Iterable[Any], old: Any, new: Any) -> Iterator[FieldChange]:
    """Every field that differs between two states of a row. Of a row that was not there, or is gone, those with a value."""
    for field in fields:
        before = getattr(old, field.attname) if old else None
        after = getattr(new, field.attname) if new else None
        is_empty = all(each in ("", None, [], {}) for each in (before, after))
        if before != after and not field.primary_key and not ((old is None or new is None) and is_empty):
            yield FieldChange(field=field.verbose_name, before=before, after=after)
