"""What is asked for to make, bound, rotate and revoke a key. What it may be is checked where the API checks it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from budgets.choices import Endpoint, KeyPermission, Period
from budgets.people import roles
from budgets.people.keys import MAX_LIMIT_USD
from routerhub.console import pickers
from routerhub.console.fields import Boxes, Lines, Picker
from routerhub.console.forms import ReasonedConsoleForm

PERIODS = [(each.value, each.label.lower()) for each in (Period.DAY, Period.WEEK, Period.MONTH, Period.TOTAL)]
LIVES = [("30", _("in 30 days")), ("90", _("in 90 days")), ("365", _("in a year")), ("", _("never"))]
OVERLAPS = [("0", _("at once")), ("1", _("in an hour")), ("24", _("in a day")), ("168", _("in a week"))]


class NewKeyForm(ReasonedConsoleForm):
    """A new key. Its further bounds stand on its own page."""

    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("What it is for, e.g. laptop, Claude Code."))
    limit_usd = forms.DecimalField(
        label=_("Limit in USD"), required=False, min_value=0, max_value=MAX_LIMIT_USD, max_digits=19, decimal_places=9,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}), help_text=_("Empty: it has none of its own."),
    )  # fmt: skip
    period = forms.ChoiceField(label=_("A"), choices=PERIODS, initial=Period.MONTH)
    lives = forms.ChoiceField(label=_("Expires"), choices=LIVES, initial="90", required=False)
    field_order = ("name", "limit_usd", "period", "lives", "reason")

    def values(self) -> dict[str, Any]:
        """Columns of the key."""
        days = self.cleaned_data["lives"]
        return {
            "name": self.cleaned_data["name"],
            "expires_at": timezone.now() + timedelta(days=int(days)) if days else None,
        }

    def limit(self) -> dict[str, Any] | None:
        """The limit that is made with the key."""
        amount = self.cleaned_data.get("limit_usd")
        return None if amount is None else {"amount_usd": amount, "period": self.cleaned_data["period"]}


class KeyForm(ReasonedConsoleForm):
    """What a key may be used for."""

    name = forms.CharField(label=_("Name"), max_length=100)
    is_enabled = forms.BooleanField(
        label=_("On"), required=False, help_text=_("Off, it opens nothing until it is on again.")
    )
    expires_at = forms.DateTimeField(
        label=_("Expires"), required=False, help_text=_("UTC. Empty: never."),
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
    )  # fmt: skip
    max_concurrent = forms.IntegerField(
        label=_("Requests at once"), required=False, min_value=1, widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        help_text=_("Empty: any number."),
    )  # fmt: skip
    permissions = Boxes(label=_("May"), choices=KeyPermission.choices)
    endpoints = Boxes(
        label=_("Only these endpoints"), choices=Endpoint.choices, required=False, help_text=_("None ticked: all.")
    )
    models = Picker(label=_("Only these models"), help_text=_("None chosen: any."))
    policies = Picker(label=_("Only these policies"), help_text=_("None chosen: any."))
    networks = Lines(
        label=_("Only from these addresses"), help_text=_("One to a line, e.g. 10.0.0.0/8. Empty: anywhere.")
    )
    regions = Lines(label=_("Only in these regions"), help_text=_("E.g. eu, ch. Empty: as the account says."))
    preferences = forms.TypedChoiceField(
        label=_("Preferences"), required=False, coerce=int, empty_value=None, help_text=_("The set by which its requests go."),
    )  # fmt: skip
    field_order = (
        "name", "is_enabled", "preferences", "expires_at", "max_concurrent", "permissions", "endpoints", "models", "policies",
        "networks", "regions", "reason",
    )  # fmt: skip

    def __init__(self, *arguments: Any, role: str, key: Any, sets: Mapping[int, Any], **options: Any) -> None:
        """`sets`: the sets of preferences that it may pin, by id."""
        super().__init__(*arguments, **options)
        self.sets = sets
        self._offer(
            "preferences", [("", _("whichever is active")), *((str(pk), str(each)) for pk, each in sets.items())]
        )
        allowed = roles.KEY_PERMISSIONS[role] | set(key.permissions)
        self._offer("permissions", [each for each in KeyPermission.choices if each[0] in allowed])
        for name, there in (("models", pickers.models()), ("policies", pickers.policies())):
            own = {each: each for each in getattr(key, name)}
            self._offer(name, sorted({**own, **there}.items()))

    def clean_preferences(self) -> Any:
        """The set itself."""
        return self.sets.get(self.cleaned_data["preferences"])

    def _offer(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field: Any = self.fields[name]
        field.choices = choices


class RotateForm(ReasonedConsoleForm):
    """A new secret."""

    hours = forms.ChoiceField(label=_("The old secret ends"), choices=OVERLAPS, initial="24")
    field_order = ("hours", "reason")


class RevokeForm(ReasonedConsoleForm):
    """The key opens nothing any more."""


class LimitForm(ReasonedConsoleForm):
    """The limit of a key."""

    amount = forms.DecimalField(
        label=_("Limit in USD"), min_value=0, max_value=MAX_LIMIT_USD, max_digits=19, decimal_places=9,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )  # fmt: skip
    period = forms.ChoiceField(label=_("A"), choices=PERIODS, initial=Period.MONTH)
    field_order = ("amount", "period", "reason")
