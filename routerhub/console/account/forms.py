"""What is asked for to change an account, its members and its invitations. What may be is checked where the API checks it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from budgets.choices import KeepBodies, Role
from routerhub.console.fields import Lines
from routerhub.console.forms import ReasonedConsoleForm

LASTS = [("1", _("in a day")), ("7", _("in a week")), ("30", _("in 30 days"))]


class RoleForm(ReasonedConsoleForm):
    """Another role for a member, or none for a while."""

    number = forms.IntegerField(widget=forms.HiddenInput)
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    is_active = forms.BooleanField(
        label=_("On"), required=False, initial=True, help_text=_("Off, their keys of the account open nothing.")
    )
    field_order = ("role", "is_active", "reason")


class RemoveForm(ReasonedConsoleForm):
    """A member who belongs to the account no more."""

    number = forms.IntegerField(widget=forms.HiddenInput)


class InviteForm(ReasonedConsoleForm):
    """Somebody who is asked to join."""

    role = forms.ChoiceField(label=_("As"), choices=Role.choices, initial=Role.MEMBER)
    email = forms.EmailField(
        label=_("Email"),
        required=False,
        help_text=_("The link is sent there. Empty: you get the link, and pass it on."),
    )
    lasts = forms.ChoiceField(label=_("The link ends"), choices=LASTS, initial="7")
    field_order = ("email", "role", "lasts", "reason")


class WithdrawForm(ReasonedConsoleForm):
    """An invitation that is taken back."""

    number = forms.IntegerField(widget=forms.HiddenInput)


class SettingsForm(ReasonedConsoleForm):
    """What an account's own people choose."""

    name = forms.CharField(label=_("Name"), max_length=100)
    keeps_responses = forms.BooleanField(
        label=_("Keep responses"), required=False, help_text=_("So that /v1/responses can go on from them.")
    )
    refuses_stand_ins = forms.BooleanField(
        label=_("Refuse retired models"), required=False, help_text=_("An error that names the successor, and not its answer."),
    )  # fmt: skip
    bodies = forms.ChoiceField(label=_("What requests and answers say is kept"), choices=KeepBodies.choices)
    body_retention_days = forms.IntegerField(
        label=_("For so many days"), required=False, min_value=1, max_value=3_650, help_text=_("Empty: as the site does."),
    )  # fmt: skip
    regions = Lines(label=_("Only in these regions"), help_text=_("E.g. eu, ch. Empty: any."))
    field_order = ("name", "regions", "keeps_responses", "refuses_stand_ins", "bodies", "body_retention_days", "reason")

    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "reason"}
