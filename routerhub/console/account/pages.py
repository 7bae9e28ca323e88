"""The page of an account."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from budgets.books import billing, exporting
from budgets.money import dollars
from budgets.people import invitations, members, settings
from budgets.people.invitations import Asked
from budgets.people.roles import is_below
from routerhub.console.account.forms import InviteForm, RemoveForm, RoleForm, SettingsForm, WithdrawForm
from routerhub.console.pages import ConsolePage

MONTHS = 12


class AccountPage(ConsolePage):
    """Members, invitations, billing records and settings, each as far as one's role goes."""

    title = _("Account")
    nav = "console_account"
    template_name = "console/account/account.html"
    actions: ClassVar = {
        "role": RoleForm, "remove": RemoveForm, "invite": InviteForm, "withdraw": WithdrawForm, "settings": SettingsForm,
    }  # fmt: skip

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        sent = {self.action: given.pop("form")} if given.get("form") is not None else {}
        initial = {name: getattr(self.account, name) for name in SettingsForm.base_fields if name != "reason"}
        forms = {
            "role": RoleForm(), "remove": RemoveForm(), "invite": InviteForm(), "withdraw": WithdrawForm(),
            "settings": SettingsForm(initial=initial),
        } | sent  # fmt: skip
        found = list(members.in_account(self.request.user, self.account))
        return super().get_context_data(**{
            "subtitle": self.account.slug, "members": [(each, self._may_change(each)) for each in found],
            "invitations": self._invitations(), "records": self._records(), "forms": forms, "form": None,
            "may_invite": self.extent("budgets.add_invitation") is not None,
            "may_change": self.extent("budgets.change_account") is not None, **given,
        })  # fmt: skip

    def _may_change(self, row: Any) -> bool:
        """Nobody touches who may do more; and everybody may leave."""
        return self.extent("budgets.change_membership") == "account" and not is_below(self.membership.role, row.role)

    def _invitations(self) -> Any:
        return invitations.open_ones(self.request.user, self.account) if self.extent("budgets.view_invitation") else ()

    def _records(self) -> list[tuple[Any, str]]:
        if self.extent("budgets.view_billingrecord") is None:
            return []
        return [(row, dollars(row.total_nano)) for row in billing.of_account(self.account)[:MONTHS]]

    def act(self, form: Any, **_options: Any) -> HttpResponse:
        deeds: dict[str, Callable[[Any], HttpResponse]] = {
            "role": self._role, "remove": self._remove, "invite": self._invite, "withdraw": self._withdraw,
            "settings": self._settings,
        }  # fmt: skip
        return deeds[self.action](form)

    def _member(self, form: Any) -> Any:
        row = members.in_account(self.request.user, self.account).filter(pk=form.cleaned_data["number"]).first()
        if row is None:
            raise Http404("There is no such member here.")
        return row

    def _role(self, form: Any) -> HttpResponse:
        row = self._member(form)
        self.demand(self._may_change(row))
        row.role, row.is_active = form.cleaned_data["role"], form.cleaned_data["is_active"]
        members.save(row, self.change(form))
        return self._done(_("Saved. It counts on the next request, also for their keys."))

    def _remove(self, form: Any) -> HttpResponse:
        row = self._member(form)
        is_self = row.user_id == self.request.user.pk
        self.demand(is_self or self._may_change(row))
        members.remove(row, self.change(form))
        messages.success(self.request, _("Removed. Their keys of the account are revoked."))
        return redirect("console" if is_self else "console_account")

    def _invite(self, form: Any) -> HttpResponse:
        self.demand(self.extent("budgets.add_invitation") is not None)
        asked = Asked(
            account=self.account, role=form.cleaned_data["role"], email=form.cleaned_data["email"],
            expires_at=timezone.now() + timedelta(days=int(form.cleaned_data["lasts"])),
        )  # fmt: skip
        made, link = invitations.invite_by(asked, self.change(form), self.request.build_absolute_uri("/"))
        if made.email:
            return self._done(_("Sent to %(email)s.") % {"email": made.email})
        answer = self.render_to_response(self.get_context_data(link=link))
        answer["Cache-Control"] = "no-store"
        return answer

    def _withdraw(self, form: Any) -> HttpResponse:
        found = invitations.open_ones(self.request.user, self.account).filter(pk=form.cleaned_data["number"]).first()
        if found is None:
            raise Http404("There is no such invitation here.")
        invitations.revoke(found, self.change(form))
        return self._done(_("Withdrawn. Its link opens nothing any more."))

    def _settings(self, form: Any) -> HttpResponse:
        self.demand(self.extent("budgets.change_account") is not None)
        settings.change(self.account, self.request.user, form.values(), self.change(form))
        return self._done(_("Saved. It counts within a second."))

    def _done(self, said: str) -> HttpResponse:
        messages.success(self.request, said)
        return redirect("console_account")


class BillingFile(ConsolePage):
    """A month's billing record as a file."""

    right = "budgets.view_billingrecord"

    def get(self, *_arguments: Any, number: int, kind: str, **_options: Any) -> HttpResponse:
        found = billing.of_account(self.account).filter(number=number).first()
        if found is None:
            raise Http404("There is no such billing record here.")
        return exporting.as_file(found, kind)
