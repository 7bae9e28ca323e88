"""What is asked for to make alerts, channels and limits. What they may be is checked where the API checks it."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from budgets.alerts.channels import MAX_ADDRESS
from budgets.choices import ChannelKind, Measure, Mode, Period, ScopeKind, Window
from routerhub.console.forms import ConsoleForm, ReasonedConsoleForm

SCOPES = [
    (each.value, each.label)
    for each in (
        ScopeKind.ACCOUNT, ScopeKind.USER, ScopeKind.KEY, ScopeKind.POLICY, ScopeKind.MODEL, ScopeKind.PROVIDER, ScopeKind.TAG,
        ScopeKind.WORKER, ScopeKind.SESSION, ScopeKind.TASK,
    )
]  # fmt: skip
PERIODS = [
    (each.value, each.label)
    for each in (Period.HOUR, Period.DAY, Period.WEEK, Period.MONTH, Period.TOTAL)
]  # fmt: skip


class Amount(forms.DecimalField):
    """A number as people write it, checked where it is kept."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal"})
        super().__init__(max_digits=28, decimal_places=9, min_value=0, widget=widget, **options)


class AcknowledgeForm(forms.Form):
    """The alert whose button was pressed."""

    number = forms.IntegerField()


class RuleForm(ReasonedConsoleForm):
    """An alert on one's own spend."""

    amount_usd = Amount(label=_("More than"))
    window = forms.ChoiceField(label=_("In"), choices=Window.choices, initial=Window.DAYS_7)
    channels = forms.TypedMultipleChoiceField(
        label=_("Tell me by"), required=False, coerce=UUID, widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: all of your own."),
    )  # fmt: skip
    field_order = ("amount_usd", "window", "channels", "reason")

    def __init__(self, *arguments: Any, channels: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        offered: Any = self.fields["channels"]
        offered.choices = [(str(each.pk), f"{each.name} ({each.get_kind_display().lower()})") for each in channels]


class TurnForm(ConsoleForm):
    """A switch beside an alert of one's own: on if it was off."""

    number = forms.IntegerField()


class ChannelForm(ReasonedConsoleForm):
    """A way to be told."""

    kind = forms.ChoiceField(label=_("By"), choices=ChannelKind.choices)
    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("What it is called here, e.g. Slack #spend."))
    address = forms.CharField(
        label=_("Address"), max_length=MAX_ADDRESS,
        help_text=_("Of an email, the address; of a chat, as apprise writes it (slack://...); of a webhook, its https address."),
    )  # fmt: skip
    is_accounts = forms.BooleanField(label=_("The whole account's"), required=False)
    field_order = ("kind", "name", "address", "is_accounts", "reason")

    def __init__(self, *arguments: Any, may_share: bool, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if not may_share:
            del self.fields["is_accounts"]


class ChannelDeedForm(ConsoleForm):
    """A channel whose button was pressed."""

    channel = forms.UUIDField()


class ForgetChannelForm(ReasonedConsoleForm):
    channel = forms.UUIDField(widget=forms.HiddenInput)


class NewLimitForm(ReasonedConsoleForm):
    """The most that one of the account's scopes may use."""

    kind = forms.ChoiceField(label=_("Of"), choices=SCOPES)
    subject = forms.CharField(
        label=_("Which"), max_length=200, required=False,
        help_text=_("By name: of a user, a key, a policy, a tag ... Empty for the account itself; * for each by itself."),
    )  # fmt: skip
    measure = forms.ChoiceField(label=_("In"), choices=Measure.choices)
    amount = Amount(label=_("At most"), help_text=_("Dollars, or a number of requests or tokens."))
    period = forms.ChoiceField(label=_("A"), choices=PERIODS, initial=Period.MONTH)
    mode = forms.ChoiceField(label=_("What it does"), choices=Mode.choices)
    soft_percent = forms.IntegerField(
        label=_("Tell from"), initial=80, min_value=1, max_value=100, help_text=_("Per cent.")
    )
    field_order = ("kind", "subject", "measure", "amount", "period", "mode", "soft_percent", "reason")


class LimitForm(ReasonedConsoleForm):
    """Another amount for a limit."""

    number = forms.IntegerField(widget=forms.HiddenInput)
    amount = Amount(label=_("At most"))
    soft_percent = forms.IntegerField(label=_("Tell from"), min_value=1, max_value=100, help_text=_("Per cent."))
    is_active = forms.BooleanField(label=_("On"), required=False)
    field_order = ("amount", "soft_percent", "is_active", "reason")
