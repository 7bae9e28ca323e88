"""What members see of themselves, and the page that an invitation leads to."""

from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from budgets.models import Membership
from budgets.people import invitations
from routerhub.audit.change import address_of


class Home(LoginRequiredMixin, TemplateView):
    """The accounts that one belongs to, and as what."""

    template_name = "people/home.html"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        own = Membership.objects.filter(user=self.request.user.pk).select_related("account").order_by("account__name")
        return super().get_context_data(memberships=own, **given)


@method_decorator(never_cache, name="dispatch")
class InvitationPage(TemplateView):
    """To what one is invited, and a button that accepts for who is signed in."""

    template_name = "people/invitation.html"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        found = invitations.find(self.kwargs["secret"])
        closed = invitations.why_closed(found) if found else "not one of ours, or its link is not whole"
        return super().get_context_data(invitation=found, closed=closed, here=self.request.path, **given)

    def get(self, request: HttpRequest, *_: Any, **given: Any) -> HttpResponse:
        """Who signs up from here may, and reads the mailbox that the link was sent to."""
        context = self.get_context_data(**given)
        found = context["invitation"]
        if not context["closed"] and not request.user.is_authenticated:
            invitations.bring(request, found)
            if found.email:
                get_adapter(request).stash_verified_email(request, found.email)
        return self.render_to_response(context, status=410 if context["closed"] else 200)

    def post(self, request: HttpRequest, secret: str) -> HttpResponse:
        found = invitations.find(secret)
        if found is None or not request.user.is_authenticated:
            return HttpResponseRedirect(request.path)
        try:
            made = invitations.accept(found, request.user, address_of(request))
        except ValidationError as refused:
            messages.error(request, refused.messages[0])
            return HttpResponseRedirect(request.path)
        messages.success(request, f"You belong to {made.account.name} now, as {made.role}.")
        return redirect("people_home")
