"""The history in the admin: every change of every table, one version field by field, and the button that restores it."""

from collections.abc import Collection
from operator import itemgetter
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.text import capfirst

from routerhub.audit import entries, versions
from routerhub.audit.forms import QueryForm, ReasonedForm
from routerhub.audit.pages import StaffPage, page
from routerhub.audit.permissions import may

ROWS = 40
MAX_PAGES = 500


class ChangesQuery(QueryForm):
    """Which changes are looked at."""

    table = forms.CharField(required=False, initial="")
    row = forms.CharField(required=False, initial="")
    author = forms.CharField(required=False, initial="")
    kind = forms.CharField(required=False, initial="")
    q = forms.CharField(required=False, initial="")
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)
    page = forms.IntegerField(required=False, min_value=1, max_value=MAX_PAGES, initial=1)


class HistoryPage(StaffPage):
    """Open for who may see any table that keeps a history, and showing those tables only."""

    @classmethod
    def may_see(cls, user: Any) -> bool:
        return bool(versions.seen_by(user).tables)


@page("changes/", "changes")
class ChangesPage(HistoryPage):
    """The newest versions first, by text, day, author, table, row and kind."""

    title = "Changes"
    template_name = "audit/changes.html"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        asked = ChangesQuery(self.request.GET).asked()
        again = urlencode({name: value for name, value in asked.items() if value and name != "page"})
        number = asked.pop("page")
        seen = versions.seen_by(self.request.user)
        found: list[entries.VersionEntry] = []
        try:
            found = versions.versions(**asked, offset=(number - 1) * ROWS, limit=ROWS + 1, seen=seen)
        except ValidationError as refused:
            messages.error(self.request, " ".join(refused.messages))
        return super().get_context_data(
            **given, found=found[:ROWS], has_more=len(found) > ROWS, page=number, asked=asked, again=again,
            tables=sorted(seen.tables), titled=_titles(seen.tables), kinds=versions.KINDS.values(),
        )  # fmt: skip


def _titles(tables: Collection[str]) -> list[tuple[str, str]]:
    """The tables by what people call them."""
    return sorted(((name, capfirst(entries.title_of(name))) for name in tables), key=itemgetter(1))


@page("changes/<str:table>/<int:number>/", "version")
class VersionPage(HistoryPage):
    """One version, and the button that makes it the current one."""

    template_name = "audit/version.html"
    actions: ClassVar = {"": ReasonedForm}

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        table, number = self.kwargs["table"], self.kwargs["number"]
        self._demand("view")
        try:
            found, restoring = versions.version(table, number), versions.restoration(table, number)
        except ValidationError as refused:
            messages.error(self.request, " ".join(refused.messages))
            return super().get_context_data(**given, title="No such version", version=None)
        return super().get_context_data(
            **given, title=found.name, version=found, restoring=restoring, final_because=versions.final_because(table),
            may_restore=self.request.user.has_perms(restoring.rights),
        )  # fmt: skip

    def act(self, form: forms.Form, **options: Any) -> HttpResponse:
        self._demand("change")
        table, number = options["table"], options["number"]
        if not self.request.user.has_perms(versions.restoration(table, number).rights):
            raise PermissionDenied
        restored = versions.restore(table, number, self.change(form))
        more = " and more" if len(restored) > 5 else ""
        messages.success(self.request, f"Restored: {', '.join(restored[:5])}{more}.")
        return redirect("admin:changes")

    def _demand(self, verb: str) -> None:
        """A table that there is not is told as such, not as forbidden."""
        table = entries.tables().get(self.kwargs["table"])
        if table and not may(self.request.user, verb, table):
            raise PermissionDenied
