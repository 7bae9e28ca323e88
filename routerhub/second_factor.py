"""Whether staff come in with a second factor, where STAFF_NEED_SECOND_FACTOR says that they have to."""

from collections.abc import Callable
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse

from routerhub.problem_details import CONTENT_TYPE, problem

OPEN = ("/accounts/", "/static/", "/admin/logout/")
"""Where a second factor is set up and shown, and how one leaves."""
MISSING = "Staff sign in with a second factor here: set one up, or show it, at {address}."


class SecondFactorMiddleware:
    """Staff whose session was begun without one get no further than to where they set it up or show it, by page and API alike.
    An API key is a credential of its own, and needs none."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not settings.STAFF_NEED_SECOND_FACTOR or request.path.startswith(OPEN) or not _lacks_it(request):
            return self._get_response(request)
        has_one = is_mfa_enabled(request.user)
        address = reverse("mfa_reauthenticate" if has_one else "mfa_activate_totp")
        if request.path.startswith("/api/"):
            detail = MISSING.format(address=address)
            return JsonResponse(problem(403, detail, request.path), status=403, content_type=CONTENT_TYPE)
        return redirect(f"{address}?{urlencode({'next': request.get_full_path()})}")


def _lacks_it(request: HttpRequest) -> bool:
    if not request.user.is_authenticated or not request.user.is_staff:
        return False
    return all(record["method"] != "mfa" for record in get_authentication_records(request, request.user))
