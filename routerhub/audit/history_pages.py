"""The history in the admin: every change of every table, one version field by field, and the button that restores it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from autorouter.errors import RouterError
from models_registry.errors import RegistryError
from routerhub.audit import pages, versions

PAGE = 40


class ChangesPage(pages.StaffPage):
    """The newest versions first, by table, row, author and kind."""

    title = "Changes"
    template_name = "audit/changes.html"
    permission = "models_registry.view_model"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        asked = {name: self.request.GET.get(name, "") for name in ("table", "row", "author", "kind")}
        page = self.request.GET.get("page", "1")
        number = int(page) if page.isdecimal() and 0 < int(page) <= 500 else 1
        found: list[versions.Version] = []
        seen = [name for name in versions.tables() if self.request.user.has_perm(versions.permission("view", name))]
        try:
            at = (number - 1) * PAGE
            found = versions.versions(
                asked["table"], asked["row"], asked["author"], asked["kind"], at, PAGE + 1, among=seen
            )  # fmt: skip
        except ValidationError as refused:
            messages.error(self.request, " ".join(refused.messages))
        return super().get_context_data(
            **given, found=found[:PAGE], has_more=len(found) > PAGE, page=number, asked=asked,
            tables=sorted(seen), kinds=versions.KINDS.values(),
        )  # fmt: skip


class VersionPage(pages.StaffPage):
    """One version, and the button that makes it the current one."""

    template_name = "audit/version.html"
    permission = "models_registry.change_model"
    refusals = (ValidationError, RegistryError, RouterError)

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        try:
            found = versions.version(given["table"], given["number"])
        except ValidationError as refused:
            messages.error(self.request, " ".join(refused.messages))
            return super().get_context_data(**given, title="No such version", version=None)
        return super().get_context_data(
            **given, title=f"{found.name}", version=found, can_restore=found.table != versions.POINTERS
        )

    def act(self, request: HttpRequest, **options: Any) -> HttpResponse:
        if not request.user.has_perm(versions.permission("change", options["table"])):
            raise PermissionDenied
        restored = versions.restore(options["table"], options["number"], pages.author(request), pages.reason(request))
        messages.success(request, f"Restored: {', '.join(restored[:5])}{' and more' if len(restored) > 5 else ''}.")
        return redirect("admin:changes")
