"""The search: the newest first, of all sources together, a page at a time behind the last entry of the one before."""

import uuid
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from analytics.audit_log.sources import CHANGE, REQUEST, Source, sources
from analytics.audit_log.types import Asked, Entry, Page, Viewer
from analytics.requests.paging import LOOKED_AT
from budgets.people.rights import accounts_open
from routerhub.audit import versions
from routerhub.audit.events import EventKind
from routerhub.audit.models import Event
from routerhub.audit.permissions import may, right

KINDS = (REQUEST, CHANGE, *versions.KINDS.values(), *EventKind.__args__)  # type: ignore[attr-defined]
MAX_EXPORTED, EXPORTED_AT_ONCE = 50_000, 500
Place = tuple[datetime, str, Any]
"""When, in which source, with which key: entries are in the falling order of these."""


def viewer_of(user: Any) -> Viewer:
    """Staff with the right see all that their other rights open; by a key its account's; an account's people as far as their
    roles let them."""
    caller = getattr(user, "caller", None)
    if caller is not None:
        return Viewer(user=user, accounts=[caller.account_id])
    event = right("view", Event)
    return Viewer(user=user, accounts=None if may(user, "view", Event) else accounts_open(user, event))


def search(asked: Asked, viewer: Viewer, size: int, before: str = "") -> Page:
    """One page. Raises ValidationError for a `before` that was never given out."""
    behind = _place(before) if before else None
    by_name = {each.name: each for each in sources(viewer)}
    found, floor = _rows(asked, viewer, list(by_name.values()), behind, size)
    places = sorted(found, key=lambda each: each[0], reverse=True)[:size]
    is_full = len(found) > size
    following = _written(places[-1][0]) if is_full else f"{floor.isoformat()}~~0" if floor else ""
    return Page(
        entries=_told([(by_name[place[1]], row) for place, row in places]), following=following,
        looked_back_to=None if is_full else floor,
    )  # fmt: skip


def all_entries(asked: Asked, viewer: Viewer) -> Iterator[Entry]:
    """Up to MAX_EXPORTED, a page after another."""
    before, left = "", MAX_EXPORTED
    while left > 0:
        page = search(asked, viewer, min(left, EXPORTED_AT_ONCE), before)
        yield from page.entries
        before, left = page.following, left - len(page.entries)
        if not before:
            return


def _rows(
    asked: Asked, viewer: Viewer, among: list[Source], behind: Place | None, size: int
) -> tuple[list[tuple[Place, Any]], datetime | None]:
    """The newest rows of every source, one more than a page has; and back to when a long one was looked through, where it has
    more behind that."""
    found: list[tuple[Place, Any]] = []
    floors = []
    for source in among:
        rows = source.in_range(source.rows(asked, viewer), asked).filter(_behind(source, behind))
        floor = _floor(source, asked, viewer, behind) if source.is_long and _is_narrow(asked) else None
        if floor:
            rows = rows.filter(**{f"{source.at}__gte": floor})
        some = list(rows.order_by(f"-{source.at}", f"-{source.key}")[: size + 1])
        if floor and len(some) <= size:
            floors.append(floor)
        found += [((getattr(row, source.at), source.name, getattr(row, source.key)), row) for row in some]
    floor = max(floors, default=None)
    return [each for each in found if floor is None or each[0][0] >= floor], floor


def _is_narrow(asked: Asked) -> bool:
    """Whether it asks for more than an index finds, which is so of all but time and account."""
    return bool(asked.who or asked.address or asked.subject or asked.text) and not _is_id(asked.text)


def _floor(source: Source, asked: Asked, viewer: Viewer, behind: Place | None) -> datetime | None:
    """Back to when so many rows are looked through; None: back to the beginning."""
    everything = source.rows(Asked(account_id=asked.account_id), viewer)
    newest = source.in_range(everything, asked).filter(_behind(source, behind)).order_by(f"-{source.at}")
    times: QuerySet[Any, datetime] = newest.values_list(source.at, flat=True)
    return next(iter(times[LOOKED_AT : LOOKED_AT + 1]), None)


def _behind(source: Source, place: Place | None) -> Q:
    if place is None:
        return Q()
    at, name, key = place
    if source.name != name:
        return Q(**{f"{source.at}__lt{'e' if source.name < name else ''}": at})
    return Q(**{f"{source.at}__lte": at}) & (Q(**{f"{source.at}__lt": at}) | Q(**{f"{source.key}__lt": key}))


def _told(rows: list[tuple[Source, Any]]) -> list[Entry]:
    """In the order of the rows, those of each source told together."""
    told: dict[tuple[str, str], Entry] = {}
    for source, same in groupby(sorted(rows, key=lambda each: each[0].name), key=lambda each: each[0]):
        for entry in source.entries([row for _, row in same]):
            told[source.name, entry.key] = entry
    return [told[source.name, str(getattr(row, source.key))] for source, row in rows]


def _written(place: Place) -> str:
    return f"{place[0].isoformat()}~{place[1]}~{place[2]}"


def _place(given: str) -> Place:
    at, _, rest = given.partition("~")
    name, _, key = rest.partition("~")
    try:
        return datetime.fromisoformat(at.replace(" ", "+")), name, uuid.UUID(key) if name == REQUEST else int(key)
    except ValueError as problem:
        raise ValidationError({"before": f"{given[:80]!r} is not what a page gave as the next one."}) from problem


def _is_id(text: str) -> bool:
    try:
        return bool(text and uuid.UUID(text))
    except ValueError:
        return False
