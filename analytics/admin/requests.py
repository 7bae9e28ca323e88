"""The page Requests: a selection, what it comes to, its rows, and one of them beside the list."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from analytics.admin.decisions import DECISION_PANELS
from analytics.exports.types import FORMATS
from analytics.models import Record
from analytics.requests import chips, exporting, listing, paging
from analytics.requests.filters import RecordFilter
from analytics.requests.listing import MAX_OFFERED, OFFERED, SHOWN
from analytics.requests.ranges import PRESETS
from budgets.limits.names import KNOWN
from budgets.people import naming
from routerhub.audit.change import change_by
from routerhub.audit.pages import page
from routerhub.audit.permissions import may

FROM_THE_PAGE = "on the page Requests"


def listed(request: HttpRequest) -> HttpResponse:
    """The page. A filter that makes no sense is said, and nothing is shown for it."""
    check_may_see(request)
    given, sort = chips.usual(request.GET), listing.sort_of(request.GET.get("sort", ""))
    chosen = RecordFilter(given, Record.objects.defer("decision"))
    context = {
        **admin.site.each_context(request), "title": "Requests", "given": given, "sort": sort, "sorts": listing.SORTS,
        "presets": [(name, words) for name, (words, _) in PRESETS.items()], "groups": list(listing.groups(given)),
        "formats": FORMATS, "views": listing.kept_views(request.user), "offered": OFFERED,
        "save_query": chips.address(given)[1:],
    }  # fmt: skip
    if chosen.is_valid():
        opened = request.GET.get("open", "")
        context |= listing.listed(chosen, given, sort, request.GET.get("before", ""))
        context |= {"one": _one(opened) if opened else None, "opened": opened}
    else:
        context |= {"problems": listing.problems(chosen)}
    return TemplateResponse(request, "analytics/requests.html", context)


def check_may_see(request: HttpRequest) -> None:
    """Raises PermissionDenied."""
    if not may(request.user, "view", Record):
        raise PermissionDenied


def _one(operation: str) -> dict[str, Any] | None:
    """What is shown of the request that is open; None where there is none."""
    found = listing.one(operation, Record.objects.all())
    return {**found, "why": _why(found["record"])} if found else None


def _why(record: Record) -> SafeString:
    return format_html_join("", "{}", ((panel(record),) for panel in DECISION_PANELS))


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
    rows = listing.rows(paging.page(chosen, SHOWN).rows, exporting.zone_of(chosen)) if chosen.is_valid() else []
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
            raise ValidationError([text for _, text in listing.problems(chosen)])
        return exporting.download(chosen, request.GET.get("as", "csv"), change_by(request, FROM_THE_PAGE))
    except ValidationError as refused:
        for text in refused.messages:
            messages.error(request, text)
        return redirect(f"{reverse('admin:analytics_record_changelist')}{chips.address(request.GET, **{'as': ''})}")
