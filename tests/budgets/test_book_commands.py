"""The books by command, as by API and admin."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from budgets.models import LedgerEntry
from tests.budgets.test_books import OCTOBER, charge
from tests.cast import AccountFactory

pytestmark = pytest.mark.django_db


def printed(*arguments: Any, **options: Any) -> str:
    told = io.StringIO()
    call_command(*arguments, stdout=told, **options)
    return told.getvalue()


def test_credit_close_month_export_ledger_and_costs(tmp_path: Path) -> None:
    account = AccountFactory.create()
    operation = charge(account, 5_000_000_000, OCTOBER).operation_id
    assert "$1.50 credited to acme" in printed(
        "credit", "acme", "1.5", "--reason", "broken", "--operation", str(operation)
    )
    assert LedgerEntry.objects.get(kind="credit").reason == "broken"
    assert printed("close_month", "--account", "acme").startswith("acme-0001: 2026-10, $5.00\n")
    for name, begins in (("a.csv", b"\xef\xbb\xbf"), ("a.pdf", b"%PDF")):
        call_command("billing_record", "acme-0001", str(tmp_path / name))
        assert (tmp_path / name).read_bytes().startswith(begins)
    (entry,) = (json.loads(line) for line in printed("ledger", "--kind", "charge", "--account", "acme").splitlines())
    assert (entry["amount_usd"], entry["operation_id"]) == ("5", str(operation))
    days = ("--since", "2026-10-01", "--until", "2026-10-31")
    assert printed("costs", "--by", "model", "--by", "day", *days) == (
        "a:b\t2026-10-01\t$5.00\nin all\t$5.00\t$0.00 (sandbox)\n"
    )
    assert json.loads(printed("costs", "--json", *days))["total"]["cost_usd"] == "5"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("credit", "acme", "x", "--reason", "y"), "amount 'x': write dollars from 0"),
        (("credit", "acme", "1", "--reason", "y"), "is more than the"),
        (("credit", "none", "1", "--reason", "y"), "There is no account 'none'."),
        (("billing_record", "acme-0009"), "There is no billing record 'acme-0009'."),
        (("costs", "--since", "soon"), "--since 'soon' is no day"),
        (("costs", "--since", "2020-01-01", "--until", "2026-01-01"), "days later"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(arguments: tuple[str, ...], problem: str) -> None:
    AccountFactory.create()
    with pytest.raises(CommandError, match=problem):
        printed(*arguments)
