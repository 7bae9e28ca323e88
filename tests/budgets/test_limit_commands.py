"""Limits by command: by names, with the API's validation, and shown where they stand."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from budgets.models import Limit
from tests.cast import Cast


def told(*words: str, **options: Any) -> str:
    out = StringIO()
    call_command(*words, stdout=out, **options)
    return out.getvalue()


def test_a_limit_is_made_and_the_same_command_changes_it(cast: Cast) -> None:
    told("set_limit", "account", "acme", amount="25", period="day")
    told("set_limit", "account", "acme", amount="0.5", period="day", soft_percent=50, reason="less")
    row = Limit.objects.get()
    assert (row.subject, row.amount, row.soft_percent, row.account) == (
        str(cast.ada.account.pk), 5 * 10**8, 50, cast.ada.account,
    )  # fmt: skip
    assert row.history.first().history_change_reason == "less"
    told("set_limit", "site", amount="9", measure="requests", period="minute", mode="soft")
    (site,) = [each for each in json.loads(told("list_limits", json=True)) if each["scope"] == "site"]
    assert (site["amount"], site["left"], site["mode"]) == (9, 9, "soft")
    assert "acme" in told("list_limits", scope="account").splitlines()[1]


@pytest.mark.parametrize(
    ("words", "options", "problem"),
    [
        (("account", "acmee"), {"amount": "1"}, "subject: There is no account 'acmee'; there is acme."),
        (("site",), {"amount": "x"}, "--amount 'x': write a number."),
        (("site",), {"amount": "1", "period": "days"}, "every_days: Needed for the period 'days'."),
        (("session", "s"), {"amount": "1", "account": "acm"}, "--account: there is no account 'acm'."),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    cast: Cast, words: tuple[str, ...], options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(CommandError, match=problem.replace("(", r"\(")):
        told("set_limit", *words, **options)
    assert not Limit.objects.exists()
