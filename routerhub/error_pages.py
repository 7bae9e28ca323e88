"""What people see where there is nothing, where they may not go and where something failed: in their shell, else plain.

A page of an error must not fail itself: without a database the plain one is shown.
"""

import logging
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import requires_csrf_token

from routerhub import problems
from routerhub.console.pages import ConsolePage

logger = logging.getLogger(__name__)
WORDS = {
    403: ("You may not see this", "An administrator can give you the right to it."),
    404: ("There is nothing here", "The address is wrong, or what stood here is gone."),
    500: ("Something failed here", "It was logged. Requests to models do not pass through these pages and are still answered."),
}  # fmt: skip
"""The title of a page, and what it says where nothing more is known."""


class ConsoleErrorPage(ConsolePage):
    """In the console's shell."""

    template_name = "console/error.html"
    told = ""


@requires_csrf_token
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 403, str(exception))


@requires_csrf_token
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith("/api/"):
        return problems.not_found(request)
    return _page(request, 404, "")


@requires_csrf_token
def failed(request: HttpRequest) -> HttpResponse:
    return _page(request, 500, "")


def csrf_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that came without the mark of the page that it belongs to."""
    logger.info("action=refuse_form path=%s reason=%s", request.path, reason)
    return _page(
        request, 403, "The form was too old, or came from elsewhere. Go back, reload the page and send it again."
    )


def _page(request: HttpRequest, status: int, told: str) -> HttpResponse:
    title, usual = WORDS[status]
    context = {"title": title, "told": told or usual, "status": status}
    try:
        return _in_shell(request, context)
    except Exception:
        logger.exception("action=show_error path=%s status=%s", request.path, status)
        return render(None, "errors/plain.html", context, status=status)


def _in_shell(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    status, user = context["status"], getattr(request, "user", None)
    if request.path.startswith("/admin/") and user and admin.site.has_permission(request):
        return render(request, "errors/admin.html", {**admin.site.each_context(request), **context}, status=status)
    if request.path.startswith("/console/") and user and user.is_authenticated:
        view = ConsoleErrorPage.as_view(title=context["title"], extra_context={"told": context["told"]})
        shown: Any = view(request).render()  # type: ignore[attr-defined]
        shown.status_code = status
        return shown  # type: ignore[no-any-return]
    return render(request, "errors/plain.html", context, status=status)
