"""Pages of rows that open as a view: what there is to know of one first, and an Edit step that leads to its form."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.views import ChangeList

from routerhub.audit import versions

CHANGES_SHOWN = 5
NOTHING = "\N{EN DASH}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Recent:
    """How something did of late, as pages write it."""

    requests: str
    success: str
    p95: str
    cost: str


USAGE_PANELS: list[Callable[[Any, str, str], SafeString]] = []
"""What apps above show to somebody of a model's or provider's usage, by its dimension and value: analytics adds it."""
RECENTLY: list[Callable[[Any, str], Mapping[str, Recent]]] = []
"""How all of a dimension did, by value, as far as somebody may see it: analytics adds it."""


class RecentList(ChangeList):
    """A list whose rows know how they did of late."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        found = {
            value: each for read in RECENTLY for value, each in read(request.user, self.model_admin.dimension).items()
        }
        for row in self.result_list:
            row.recent = found.get(self.model_admin.named(row))


class ViewedList(RecentList):
    """And whose rows lead to their views."""

    def url_for_result(self, result: Model) -> str:
        return str(self.model_admin.view_address(result))


class RecentAdmin:
    """Beside AuditedAdmin: columns of how rows did in the last four weeks."""

    dimension = ""
    """By which dimension of the figures a row is known."""
    figures: Sequence[str] = ("recent_success", "recent_p95", "recent_cost")

    def get_changelist(self, _request: HttpRequest, **_: Any) -> Any:
        return RecentList

    def named(self, row: Any) -> str:
        """What a row is called in the figures."""
        return str(row.pk)

    @display(description="Success")
    def recent_success(self, row: Any) -> str:
        return _recent(row, "success")

    @display(description="p95")
    def recent_p95(self, row: Any) -> str:
        return _recent(row, "p95")

    @display(description="Spent in 4 weeks")
    def recent_cost(self, row: Any) -> str:
        return _recent(row, "cost")


class ViewedAdmin(RecentAdmin):
    """Beside AuditedAdmin: rows that open as a view."""

    view_template = ""

    def get_changelist(self, _request: HttpRequest, **_: Any) -> Any:
        return ViewedList

    def view_address(self, row: Any) -> str:
        return reverse(self._name(), args=[quote(row.pk)])

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.look)  # type: ignore[attr-defined]
        own = path("<path:object_id>/view/", view, name=self._name().removeprefix("admin:"))
        return [own, *super().get_urls()]  # type: ignore[misc]

    def look(self, request: HttpRequest, object_id: str) -> HttpResponse:
        page: Any = self
        row = page.get_object(request, unquote(object_id))
        if not page.has_view_permission(request, row):
            raise PermissionDenied
        if row is None:
            raise Http404
        usage = SafeString("".join(panel(request.user, self.dimension, self.named(row)) for panel in USAGE_PANELS))
        table = page.model._meta.model_name
        seen = versions.seen_by(request.user)
        context = {
            **page.admin_site.each_context(request), "title": str(row), "opts": page.opts, "original": row, "row": row,
            "inline_admin_formsets": [], "may_change": page.has_change_permission(request, row), "usage": usage,
            "changes": versions.versions(table, str(row.pk), limit=CHANGES_SHOWN, seen=seen), "table": table,
            "edit": f"admin:{page.opts.app_label}_{table}_change", **self.shown(row),
        }  # fmt: skip
        return TemplateResponse(request, self.view_template, context)

    def shown(self, row: Any) -> dict[str, Any]:
        """What the view's template knows beside."""
        return {}

    def response_post_save_change(self, _request: HttpRequest, obj: Any) -> HttpResponse:
        """Saved, one sees what is there now."""
        return redirect(self.view_address(obj))

    def _name(self) -> str:
        opts = self.opts  # type: ignore[attr-defined]
        return f"admin:{opts.app_label}_{opts.model_name}_view"


def _recent(row: Any, name: str) -> str:
    """A figure of how a row did of late; a dash where nothing was asked of it."""
    found = getattr(row, "recent", None)
    return str(getattr(found, name)) if found else NOTHING
