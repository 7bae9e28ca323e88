"""The page Requests: a selection, what it comes to, its rows, and one of them beside the list."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import now

from analytics.admin.decisions import DECISION_PANELS
from analytics.exports.types import FORMATS
from analytics.models import Record, SavedView
from analytics.requests import chips, exporting, paging, showing
from analytics.requests.filters import WORDS, RecordFilter
from analytics.requests.ranges import PRESETS
from analytics.requests.totals import Totals, totals
from analytics.windows.names import labels
from budgets import formats
from budgets.limits.names import KNOWN
from budgets.money import rounded
from budgets.people import naming
from routerhub.audit.change import change_by
from routerhub.audit.pages import page
from routerhub.audit.permissions import may

FROM_THE_PAGE = "on the page Requests"
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
    ("How it went", ("outcome", "error_kind", "traffic", "min_cost_usd", "max_cost_usd", "min_latency_ms", "max_latency_ms")),
    ("Where it belongs", ("session", "task_id", "worker", "experiment", "variant")),
    ("When", ("since", "until", "zone")),
)  # fmt: skip
"""The filters that are offered, by group. Those of an address alone work as well."""
CHOSEN = ("outcome", "traffic", "category", "complexity", "variant")
"""Fields with few words, all of which are shown at once."""
OFFERED = ("account", "user", "key", "model", "provider", "policy")
"""Fields with many: what is known is fetched when the filters are opened."""


def listed(request: HttpRequest) -> HttpResponse:
    """The page. A filter that makes no sense is said, and nothing is shown for it."""
    check_may_see(request)
    given, sort = chips.usual(request.GET), _sort(request)
    chosen = RecordFilter(given, Record.objects.defer("decision"))
    context = {
        **admin.site.each_context(request), "title": "Requests", "given": given, "sort": sort, "sorts": SORTS,
        "presets": [(name, words) for name, (words, _) in PRESETS.items()], "groups": list(_groups(given)), "formats": FORMATS,
        "views": _views(request), "offered": OFFERED, "save_query": chips.address(given)[1:],
    }  # fmt: skip
    if chosen.is_valid():
        context |= {**_found(chosen, request, given, sort), "chips": list(chips.chips(chosen, given))}
    else:
        context |= {"problems": [(name, text) for name, texts in chosen.errors.items() for text in texts]}
    return TemplateResponse(request, "analytics/requests.html", context)


def check_may_see(request: HttpRequest) -> None:
    """Raises PermissionDenied."""
    if not may(request.user, "view", Record):
        raise PermissionDenied


def _sort(request: HttpRequest) -> str:
    given = request.GET.get("sort", "")
    return given if given in SORTS else paging.NEWEST


def _found(chosen: RecordFilter, request: HttpRequest, given: Any, sort: str) -> dict[str, Any]:
    before = request.GET.get("before", "")
    try:
        found = paging.page(chosen, SHOWN, before, sort)
    except ValidationError as refused:
        return {"problems": [("before", text) for text in refused.messages]}
    opened, sums = request.GET.get("open", ""), totals(chosen)
    return {
        "rows": _rows(found.rows, chosen), "totals": _words(sums), "as_of": sums.as_of,
        "older": chips.address(given, before=found.following) if found.following else "",
        "newest": chips.address(given) if before else "", "looked_back_to": found.looked_back_to,
        "is_live": sort == paging.NEWEST and not before and not chosen.selected.get("until"),
        "one": _one(opened) if opened else None, "opened": opened, "zone": exporting.zone_of(chosen),
        "range_words": chips.words_of_range(chosen), "range_alone": f"?{urlencode({'range': given.get('range', '')})}",
    }  # fmt: skip


def _rows(records: list[Record], chosen: RecordFilter) -> list[showing.RequestRow]:
    names, zone = _names(records), ZoneInfo(exporting.zone_of(chosen))
    return [showing.row_of(each, names, now(), zone) for each in records]


def _names(records: Iterable[Record], with_keys: bool = False) -> Mapping[str, Mapping[str, str]]:
    found = list(records)
    named: dict[str, Mapping[str, str]] = {
        "account": labels("account", {str(each.account_id) for each in found}),
        "user": labels("user", {str(each.user_id) for each in found if each.user_id}),
    }
    if with_keys:
        named["key"] = labels("key", {str(each.key_id) for each in found if each.key_id})
    return named


def _words(found: Totals) -> list[tuple[str, str]]:
    """Figures with what they are of, as they stand above the list."""
    plus = "+" if found.is_more else ""
    made_up = f"{rounded(found.sandbox_nano)} (sandbox)" if found.sandbox_nano else ""
    real = rounded(found.cost_nano) if found.cost_nano or not made_up else ""
    cost = " + ".join(filter(None, [real, made_up]))
    told = [
        (f"{found.requests - (1 if found.is_more else 0):,}{plus}", "request" if found.requests == 1 else "requests"),
        (cost + plus, ""),
        (formats.tokens(found.tokens) + plus, "tokens"),
        (formats.percent(found.answered, found.admitted, 1), "answered"),
    ]
    if found.latency_ms is not None:
        told.append((formats.duration(found.latency_ms), "mean"))
    return told


def _groups(given: Any) -> Iterable[tuple[str, list[dict[str, Any]]]]:
    """The fields of the filters, as they are drawn."""
    for title, names in FIELDS:
        yield title, [_field(name, given.get(name, "")) for name in names]


def _field(name: str, value: str) -> dict[str, Any]:
    kind = {"since": "date", "until": "date"}.get(name, "number" if name.startswith(("min_", "max_")) else "text")
    label = chips.LABELS.get(name, name.replace("_", " "))
    words = list(WORDS[name]()) if name in CHOSEN and name in WORDS else []
    return {"name": name, "label": label, "value": value, "type": kind, "words": words, "is_offered": name in OFFERED}


def _one(operation: str) -> dict[str, Any] | None:
    """What is shown of the request that is open; None where there is none."""
    try:
        record = Record.objects.filter(operation_id=UUID(operation)).first()
    except ValueError:
        return None
    if record is None:
        return None
    names = _names([record], with_keys=True)
    row = showing.row_of(record, names, now(), ZoneInfo("UTC"))
    return {"row": row, "record": record, "why": _why(record), **showing.details(record, names)}


def _why(record: Record) -> SafeString:
    return format_html_join("", "{}", ((panel(record),) for panel in DECISION_PANELS))


def _views(request: HttpRequest) -> list[dict[str, Any]]:
    """Views to choose from: one's own, and those that others share with staff."""
    person: Any = request.user
    found = SavedView.objects.for_person(person, person, Record).select_related("user")[:MAX_OFFERED]
    return [
        {
            "id": each.pk, "name": each.name, "address": f"?{urlencode(each.query)}", "is_shared": each.is_shared,
            "is_own": each.user_id == person.pk, "by": each.user.get_username(),
        }
        for each in found
    ]  # fmt: skip


@page("requests/<str:operation_id>/beside/", "request_beside")
def beside(request: HttpRequest, operation_id: str) -> HttpResponse:
    """One request, for the place beside the list."""
    check_may_see(request)
    one = _one(operation_id)
    if one is None:
        raise Http404
    return TemplateResponse(request, "analytics/request_beside.html", {"one": one})


@page("requests/newest/", "requests_newest")
def newest(request: HttpRequest) -> HttpResponse:
    """The newest rows of a selection, for a list that is kept up to date: whoever asks knows which of them are new."""
    check_may_see(request)
    chosen = RecordFilter(chips.usual(request.GET), Record.objects.defer("decision"))
    rows = _rows(paging.page(chosen, SHOWN).rows, chosen) if chosen.is_valid() else []
    return TemplateResponse(request, "analytics/request_rows.html", {"rows": rows, "given": request.GET})


@page("requests/words/", "requests_words")
def words(request: HttpRequest) -> HttpResponse:
    """What is known to filter by, for the fields that have many words."""
    check_may_see(request)
    kinds: tuple[naming.Kind, ...] = ("account", "user", "key")
    known: dict[str, Iterable[str]] = {kind: naming.known(kind, MAX_OFFERED) for kind in kinds}
    known |= {name: sorted(KNOWN[name]()) for name in OFFERED if name in KNOWN}
    return TemplateResponse(request, "analytics/request_words.html", {"known": known.items()})


@page("requests/export/", "requests_export")
def export(request: HttpRequest) -> Any:
    """A selection as a file; of too many it is said what to do."""
    check_may_see(request)
    chosen = RecordFilter(chips.usual(request.GET), Record.objects.all())
    try:
        if not chosen.is_valid():
            raise ValidationError([text for texts in chosen.errors.values() for text in texts])
        return exporting.download(chosen, request.GET.get("as", "csv"), change_by(request, FROM_THE_PAGE))
    except ValidationError as refused:
        for text in refused.messages:
            messages.error(request, text)
        return redirect(f"{reverse('admin:analytics_record_changelist')}{chips.address(request.GET, **{'as': ''})}")
