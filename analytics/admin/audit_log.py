"""The audit log in the admin: one search over requests, changes and sign-ins, and whether the chain over them holds."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse

from analytics.audit_log import asking, searching
from analytics.audit_log.asking import AuditForm
from analytics.audit_log.types import Entry, Page
from analytics.exports.types import FORMATS
from routerhub.audit.chain import sealing, verifying
from routerhub.audit.change import change_by
from routerhub.audit.pages import StaffPage, page

ROWS = 50
PLAIN, MORE = ("since", "until", "kind", "who", "q"), ("address", "subject", "account")
"""Filters that stand there, and those that are unfolded."""


@page("audit/", "audit")
class AuditPage(StaffPage):
    """The newest first; what is asked for stands in the address."""

    title = "Audit log"
    template_name = "analytics/audit.html"
    permission = "audit.view_event"

    def get(self, request: HttpRequest, *arguments: Any, **options: Any) -> Any:
        """The page, or with `as` the same entries as a file."""
        form = AuditForm(request.GET)
        if "as" not in request.GET or not form.is_valid():
            return super().get(request, *arguments, **options)
        change = change_by(request, "on the page Audit log")
        try:
            return asking.download(form, searching.viewer_of(request.user), request.GET["as"], change)
        except ValidationError as refused:
            messages.error(request, " ".join(refused.messages))
            return redirect("admin:audit")

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        form = AuditForm(self.request.GET)
        found = Page(entries=[], following="", looked_back_to=None)
        try:
            if form.is_valid():
                viewer = searching.viewer_of(self.request.user)
                found = searching.search(form.asked(), viewer, ROWS, self.request.GET.get("before", ""))
        except ValidationError as refused:
            messages.error(self.request, " ".join(refused.messages))
        for texts in form.errors.values():
            messages.error(self.request, " ".join(map(str, texts)))
        asked = {name: self.request.GET[name] for name in form.fields if self.request.GET.get(name)}
        return super().get_context_data(
            **given, form=form, plain=[form[name] for name in PLAIN], more=[form[name] for name in MORE],
            has_more_filters=any(name in asked for name in MORE), found=[_shown(each) for each in found.entries],
            formats=FORMATS, asked=urlencode(asked), is_first="before" not in self.request.GET, is_narrowed=bool(asked),
            older=urlencode({**asked, "before": found.following}) if found.following else "",
            looked_back_to=found.looked_back_to, head=sealing.head(), verified=verifying.last(),
        )  # fmt: skip


def _shown(entry: Entry) -> dict[str, Any]:
    return {"entry": entry, "link": _link(entry)}


def _link(entry: Entry) -> str:
    if entry.source == "request":
        return reverse("admin:analytics_record_change", args=[entry.key])
    return "" if entry.source == "event" else reverse("admin:version", args=[entry.source, entry.key])
