"""What every page of the console is: for whom it is, what stands around it, and buttons as all pages have them."""

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from budgets.people import members
from budgets.people.roles import Extent, extent
from models_registry.sandbox import standing_in
from routerhub.audit.change import Change, change_by
from routerhub.audit.pages import ActionPage
from routerhub.console import navigation

CHOSEN = "console_account"
"""Under which the session keeps the account that was chosen."""


class ConsolePage(LoginRequiredMixin, ActionPage):
    """A page of the console, for one account that the person belongs to. Its template extends console/base.html."""

    nav = ""
    """The name of the address that the sidebar marks."""
    subtitle: navigation.Text = ""
    right = ""
    """Which right in the account the page needs; empty: none."""

    def dispatch(self, request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        self.memberships = list(members.of(request.user))
        if not self.memberships:
            return render(request, "console/nowhere.html", status=403)
        chosen = request.session.get(CHOSEN)
        self.membership = next((each for each in self.memberships if each.account_id == chosen), self.memberships[0])
        self.account = self.membership.account
        if self.right and self.extent(self.right) is None:
            raise PermissionDenied(self.right)
        return super().dispatch(request, *arguments, **options)

    def extent(self, right: str) -> Extent | None:
        """How far a right goes here: over all of the account, or over what is one's own; None: not at all."""
        return extent(right, self.membership.role)

    def demand(self, is_allowed: bool) -> None:
        """Raises PermissionDenied."""
        if not is_allowed:
            raise PermissionDenied

    def because(self, reason: str) -> Change:
        """The change of a deed that explains itself."""
        return change_by(self.request, reason)

    @property
    def zone(self) -> ZoneInfo:
        """The account's, in which its days are those of the pages."""
        return ZoneInfo(self.account.timezone)

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        return super().get_context_data(**{
            "account": self.account, "membership": self.membership, "memberships": self.memberships,
            "sidebar": SimpleLazyObject(lambda: navigation.sidebar(self)), "is_sandbox": SimpleLazyObject(standing_in.answers),
            "subtitle": self.subtitle, **given,
        })  # fmt: skip


@require_POST
def choose_account(request: HttpRequest) -> HttpResponse:
    """From now on the console is about another account of the person's."""
    number = request.POST.get("account", "")
    if request.user.is_authenticated and number.isdecimal():
        request.session[CHOSEN] = int(number)
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure())
    return redirect(back if is_ours else "console")
