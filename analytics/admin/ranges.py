"""Which requests a page of reports is about, as its form asks."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.timezone import now

from analytics.windows.types import Question
from budgets.people import naming
from routerhub.audit.forms import QueryForm

RANGES = ((7, "the last 7 days"), (30, "the last 30 days"), (90, "the last 90 days"))


class RangeForm(QueryForm):
    """Which requests are looked at."""

    days = forms.TypedChoiceField(choices=RANGES, coerce=int, initial=30, required=False, label="Over")
    account = forms.CharField(required=False, initial="", widget=forms.TextInput(attrs={"placeholder": "all"}))
    traffic = forms.ChoiceField(
        choices=[("real", "real"), ("sandbox", "made up by the sandbox")], initial="real", required=False
    )


def question_of(chosen: Mapping[str, Any]) -> Question:
    """Raises ValidationError for an account that is not there."""
    account = naming.account_of(chosen["account"]) if chosen["account"] else None
    zone = account.timezone if account else "UTC"
    today = now().astimezone(ZoneInfo(zone)).date()
    since, until = (
        datetime.combine(today + timedelta(days=each), time(), ZoneInfo(zone)) for each in (1 - chosen["days"], 1)
    )
    return Question(
        since=since, until=until, zone=zone, traffic=chosen["traffic"], accounts=frozenset([account.id]) if account else None
    )  # fmt: skip
