"""A list of requests with what stands around it, in whichever shell: rows, totals, filters, views, and one request."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.timezone import now

from analytics.models import Record, SavedView
from analytics.requests import chips, exporting, paging, showing
from analytics.requests.filters import WORDS, RecordFilter
from analytics.requests.totals import Totals, totals
from analytics.windows.names import labels
from budgets import formats
from budgets.money import rounded_of_both

SHOWN = 50
MAX_OFFERED = 200
SORTS = {
    "newest": "newest first", "oldest": "oldest first", "dearest": "dearest first", "cheapest": "cheapest first",
    "slowest": "slowest first", "fastest": "fastest first",
}  # fmt: skip
FIELDS = (
    ("Who", ("account", "user", "key")),
    ("What answered", ("model", "provider", "deployment", "policy")),
    ("What it was", ("task_type", "category", "complexity", "tag", "metadata")),
    ("Who read it", ("read_by", "second", "min_confidence", "max_confidence")),
    ("How it went", ("outcome", "error_kind", "traffic", "min_cost_usd", "max_cost_usd", "min_latency_ms", "max_latency_ms")),
    ("Where it belongs", ("session", "task_id", "worker", "experiment", "variant")),
    ("When", ("since", "until", "zone")),
)  # fmt: skip
"""The filters that are offered, by group. Those of an address alone work as well."""
CHOSEN = ("outcome", "traffic", "category", "complexity", "second", "read_by", "variant")
"""Fields with few words, all of which are shown at once."""
OFFERED = ("account", "user", "key", "model", "provider", "policy")
"""Fields with many: what is known is fetched when the filters are opened."""


def of_account(account_id: int) -> QuerySet[Record]:
    """All requests of an account: who asks for them has been asked for the right."""
    return Record.objects.filter(account_id=account_id)


def sort_of(given: str) -> str:
    return given if given in SORTS else paging.NEWEST


def listed(chosen: RecordFilter, given: QueryDict, sort: str, before: str, size: int = SHOWN) -> dict[str, Any]:
    """A page of a valid selection, with what all of it comes to; or why there is no such page. `given` is what addresses of
    further pages say."""
    try:
        found = paging.page(chosen, size, before, sort)
    except ValidationError as refused:
        return {"problems": [("before", text) for text in refused.messages]}
    sums = totals(chosen)
    return {
        "rows": rows(found.rows, exporting.zone_of(chosen)), "totals": words(sums), "as_of": sums.as_of,
        "older": chips.address(given, before=found.following) if found.following else "",
        "newest": chips.address(given) if before else "", "looked_back_to": found.looked_back_to,
        "is_live": sort == paging.NEWEST and not before and not chosen.selected.get("until"),
        "zone": exporting.zone_of(chosen), "chips": list(chips.chips(chosen, given)),
        "range_words": chips.words_of_range(chosen), "range_alone": f"?{urlencode({'range': given.get('range', '')})}",
    }  # fmt: skip


def problems(chosen: RecordFilter) -> list[tuple[str, str]]:
    """What is wrong with a selection, by field."""
    return [(name, text) for name, texts in chosen.errors.items() for text in texts]


def rows(records: list[Record], zone: str) -> list[showing.RequestRow]:
    names = _names(records)
    return [showing.row_of(each, names, now(), ZoneInfo(zone)) for each in records]


def newest(found: QuerySet[Record], most: int, zone: str) -> list[showing.RequestRow]:
    return rows(list(found.defer("decision").order_by("-created_at", "-operation_id")[:most]), zone)


def one(operation: str, among: QuerySet[Record], zone: str = "UTC") -> dict[str, Any] | None:
    """A request with all that is shown beside the list; None where there is none."""
    try:
        record = among.filter(operation_id=UUID(operation)).first()
    except ValueError:
        return None
    if record is None:
        return None
    names = _names([record], with_keys=True)
    row = showing.row_of(record, names, now(), ZoneInfo(zone))
    return {"row": row, "record": record, **showing.details(record, names)}


def _names(records: Iterable[Record], with_keys: bool = False) -> Mapping[str, Mapping[str, str]]:
    found = list(records)
    named: dict[str, Mapping[str, str]] = {
        "account": labels("account", {str(each.account_id) for each in found}),
        "user": labels("user", {str(each.user_id) for each in found if each.user_id}),
    }
    if with_keys:
        named["key"] = labels("key", {str(each.key_id) for each in found if each.key_id})
    return named


def words(found: Totals) -> list[tuple[str, str]]:
    """Figures with what they are of, as they stand above the list."""
    plus = "+" if found.is_more else ""
    told = [
        (f"{found.requests - (1 if found.is_more else 0):,}{plus}", "request" if found.requests == 1 else "requests"),
        (rounded_of_both(found.cost_nano, found.sandbox_nano) + plus, ""),
        (formats.tokens(found.tokens) + plus, "tokens"),
        (formats.percent(found.answered, found.admitted, 1), "answered"),
    ]
    if found.latency_ms is not None:
        told.append((formats.duration(found.latency_ms), "mean"))
    return told


def groups(given: Any, without: tuple[str, ...] = ()) -> Iterable[tuple[str, list[dict[str, Any]]]]:
    """The fields of the filters, as they are drawn."""
    for title, names in FIELDS:
        yield title, [_field(name, given.get(name, "")) for name in names if name not in without]


def _field(name: str, value: str) -> dict[str, Any]:
    kind = {"since": "date", "until": "date"}.get(name, "number" if name.startswith(("min_", "max_")) else "text")
    label = chips.LABELS.get(name, name.replace("_", " "))
    known = list(WORDS[name]()) if name in CHOSEN and name in WORDS else []
    return {"name": name, "label": label, "value": value, "type": kind, "words": known, "is_offered": name in OFFERED}


def kept_views(person: Any) -> list[dict[str, Any]]:
    """Views that a login may choose from: one's own, and those that others share with it."""
    found = SavedView.objects.for_person(person, person, Record).select_related("user")[:MAX_OFFERED]
    return [
        {
            "id": each.pk, "name": each.name, "address": f"?{urlencode(each.query)}", "is_shared": each.is_shared,
            "is_own": each.user_id == person.pk, "by": each.user.get_username(), "account_id": each.account_id,
        }
        for each in found
    ]  # fmt: skip
