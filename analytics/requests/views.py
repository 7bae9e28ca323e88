"""Views that are kept: filters with a name, one's own or shared."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from analytics.models import Record, SavedView
from analytics.models.views import MAX_NAME
from analytics.requests.filters import RecordFilter
from analytics.requests.paging import SORTS
from routerhub.audit import history
from routerhub.audit.change import Change

NOBODYS = "Views belong to a person: ask by a login, or by a key of somebody."


@transaction.atomic
def keep(person: Any, name: str, query: Mapping[str, Any], change: Change, account_id: int | None = None,
         is_shared: bool = False) -> SavedView:  # fmt: skip
    """Keep these filters under a name, in place of what the person had under it. Raises ValidationError."""
    if person is None:
        raise ValidationError({"user": NOBODYS})
    title = name.strip()
    if not 0 < len(title) <= MAX_NAME:
        raise ValidationError({"name": f"{title[:50]!r}: a name has 1 to {MAX_NAME} characters."})
    row = SavedView.objects.filter(user_id=person.pk, name=title).first() or SavedView(user_id=person.pk, name=title)
    row.query, row.account_id, row.is_shared = checked(query), account_id, is_shared
    history.stamp(row, change)
    row.save()
    return row


def forget(view: SavedView, change: Change) -> None:
    history.delete([view], change)


def forget_own(person: Any, view_id: int, change: Change) -> None:
    """One of the person's own. Raises ValidationError."""
    view = SavedView.objects.filter(user_id=person.pk, pk=view_id).first()
    if view is None:
        raise ValidationError({"view": f"There is no view {view_id} of yours."})
    forget(view, change)


def checked(query: Mapping[str, Any]) -> dict[str, str]:
    """The filters and the order of a query, without what is empty. Raises ValidationError for what makes no sense."""
    names = {*RecordFilter.base_filters, "sort"}
    found = {name: str(value) for name, value in query.items() if value not in (None, "")}
    if unknown := sorted(found.keys() - names):
        raise ValidationError({"query": f"{unknown[0][:50]!r} is no filter: there are {', '.join(sorted(names))}."})
    if (sort := found.get("sort", "newest")) not in SORTS:
        raise ValidationError({"query": f"sort: {sort[:50]!r} is none of {', '.join(SORTS)}."})
    chosen = RecordFilter(found, Record.objects.none())
    if not chosen.is_valid():
        raise ValidationError({"query": [f"{name}: {text}" for name, texts in chosen.errors.items() for text in texts]})
    return found
