"""Credits, billing records and reconciliation: what goes in comes out again, to the nano-dollar."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from budgets.books import billing
from budgets.books.billing import close, open_nano
from budgets.books.credits import Credit, give
from budgets.books.reconciling import last, reconcile
from budgets.books.sweeping import differences
from budgets.models import Account, BillingRecord, LedgerEntry, Reconciliation
from tests.budgets.tables import counted, limit
from tests.cast import AccountFactory, Cast, because

pytestmark = pytest.mark.django_db
OCTOBER, NOVEMBER, DECEMBER = (datetime(2026, month, 1, tzinfo=UTC) for month in (10, 11, 12))


def charge(account: Account, amount: int, at: datetime, **changes: Any) -> LedgerEntry:
    values: dict[str, Any] = {
        "operation_id": uuid.uuid4(), "hop": 0, "kind": "charge", "account_id": account.pk, "amount_nano": amount, "tokens": 1,
        "counters": [], "outcome": "success", "settled_at": at, "incurred_at": at, "model": "a:b", "basis": "priced",
        "scopes": ["site:", f"account:{account.pk}", "policy:code"],
    }  # fmt: skip
    return LedgerEntry.objects.create(**{**values, **changes})


@pytest.fixture
def acme(db: None) -> Account:
    return AccountFactory.create()


# --- credits


def test_a_credit_is_an_entry_of_a_person_with_a_reason_and_changes_nothing_else(cast: Cast) -> None:
    account, month = cast.ada.account, limit(f"account:{cast.ada.account.pk}", 100)
    charged = charge(account, 50, NOVEMBER, user_id=cast.ada.user.pk)
    entry = give(
        Credit(account=account, amount_nano=20, operation_id=charged.operation_id), because("broken", cast.staff)
    )
    assert (entry.kind, entry.amount_nano, entry.refers_to) == ("credit", -20, charged.operation_id)
    assert (entry.author, entry.author_id, entry.reason) == ("staff", cast.staff.pk, "broken")
    assert (entry.user_id, entry.model, entry.scopes) == (cast.ada.user.pk, "a:b", sorted(charged.scopes))
    assert counted(month) == (0, 0)


def test_a_credit_gives_room_to_the_running_period_where_that_is_asked(acme: Account) -> None:
    month = limit(f"account:{acme.pk}", 100)
    counter = month.counters.create(measure="money", period="month", period_start=datetime.now(UTC).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0), spent=50)  # fmt: skip
    charged = charge(acme, 50, datetime.now(UTC), counters=[counter.pk])
    give(Credit(account=acme, amount_nano=20, operation_id=charged.operation_id, gives_room=True), because("broken"))
    assert counted(month) == (30, 0)
    assert differences() == []
    other = charge(acme, 50, datetime.now(UTC))
    with pytest.raises(ValidationError, match="has only spent"):
        give(Credit(account=acme, amount_nano=40, operation_id=other.operation_id, gives_room=True), because("x"))


@pytest.mark.parametrize(
    ("scope", "named", "more"),
    [
        ("account:{}", "", {"period": "days", "every_days": 3, "starts_on": date(2026, 1, 1)}),
        ("policy:code", "", {"period": "day"}),
        ("policy:code", "", {"period": "range", "starts_on": date(2020, 1, 1), "ends_on": date(2099, 1, 1)}),
        ("worker:*", "w1", {"period": "month"}),
    ],
)
def test_room_is_given_in_the_limits_own_periods_and_to_those_that_counted_it(
    cast: Cast, scope: str, named: str, more: dict[str, Any]
) -> None:
    """In the running period of the account's zone, to no limit of another account, and of each to the one that it is."""
    account, other = cast.ada.account, cast.cy.account
    for each, zone in ((account, "Pacific/Kiritimati"), (other, "Pacific/Pago_Pago")):
        Account.objects.filter(pk=each.pk).update(timezone=zone)
    scopes = ["site:", f"account:{account.pk}", "policy:code", "worker:w1"]
    charged = charge(account, 50, datetime.now(UTC), scopes=scopes)
    charge(account, 50, datetime.now(UTC), scopes=[*scopes[:-1], "worker:w2"])
    charge(other, 50, datetime.now(UTC), scopes=["site:", f"account:{other.pk}", *scopes[2:]])
    own = limit(scope.format(account.pk), 100, account=account, **more)
    theirs = limit(scope.format(other.pk), 100, account=other, **more)
    before = [dict(row.counters.values_list("subject", "spent")) for row in (own, theirs)]
    credit = Credit(account=account, amount_nano=20, operation_id=charged.operation_id, gives_room=True)
    entry = give(credit, because("broken"))
    after = [dict(row.counters.values_list("subject", "spent")) for row in (own, theirs)]
    assert after == [{**before[0], named: before[0][named] - 20}, before[1]]
    assert entry.counters == [own.counters.get(subject=named).pk]


def test_nothing_comes_below_zero(acme: Account) -> None:
    charged = charge(acme, 50, NOVEMBER)
    give(Credit(account=acme, amount_nano=30, operation_id=charged.operation_id), because("x"))
    for operation_id, amount in ((charged.operation_id, 21), (None, 21), (None, 0), (uuid.uuid4(), 1)):
        with pytest.raises(ValidationError):
            give(Credit(account=acme, amount_nano=amount, operation_id=operation_id), because("x"))
    with pytest.raises(ValidationError, match="Say why"):
        give(Credit(account=acme, amount_nano=1), because(" "))
    assert LedgerEntry.objects.aggregate(sum=Sum("amount_nano"))["sum"] == 20


def test_the_same_credit_twice_is_one(acme: Account) -> None:
    charge(acme, 50, NOVEMBER)
    credit = Credit(account=acme, amount_nano=30)
    assert give(credit, because("x")) == give(credit, because("x"))
    with pytest.raises(ValidationError, match="another entry"):
        give(Credit(account=acme, amount_nano=10, id=credit.id), because("x"))


# --- billing


def test_a_month_is_closed_once_and_what_comes_late_stands_on_the_next_one_marked(cast: Cast) -> None:
    account = cast.ada.account
    charge(account, 50, OCTOBER, key_id=cast.ada.key.pk, user_id=cast.ada.user.pk, input_tokens=3)
    charge(account, 7, OCTOBER, is_sandbox=True)
    (october,) = close(account, because("x"), NOVEMBER)
    assert close(account, because("x"), NOVEMBER) == []
    charge(account, 5, NOVEMBER - timedelta(seconds=1), basis="no_price")
    charge(account, 3, NOVEMBER)
    assert close(account, because("x"), NOVEMBER) == []
    (november,) = close(account, because("x"), DECEMBER)
    assert [(str(record), record.total_nano) for record in (october, november)] == [("acme-0001", 50), ("acme-0002", 8)]
    (line,) = october.lines.all()
    assert (line.key, line.user, line.policy, line.model) == ("ada's key", "ada", "code", "a:b")
    late, own = november.lines.all()
    assert (late.month, late.is_late, late.amount_nano, late.by_ceiling_nano) == ("2026-10", True, 5, 5)
    assert (own.month, own.is_late, own.amount_nano, own.by_ceiling_nano) == ("2026-11", False, 3, 0)


def test_months_are_the_accounts_and_those_without_entries_have_no_number(
    acme: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    kolkata = ZoneInfo("Asia/Kolkata")
    monkeypatch.setattr(billing, "zone_of", lambda _: kolkata)
    last_evening = datetime(2026, 10, 31, 20, tzinfo=UTC)
    charge(acme, 5, last_evening)
    charge(acme, 7, datetime(2026, 8, 31, 18, 29, 59, tzinfo=UTC))
    first, second = close(acme, because("x"), DECEMBER)
    assert (first.number, first.total_nano, first.period_start) == (1, 7, datetime(2026, 8, 1, tzinfo=kolkata))
    assert (second.number, second.total_nano, second.period_start) == (2, 5, datetime(2026, 11, 1, tzinfo=kolkata))
    assert second.time_zone == "Asia/Kolkata"


deeds = st.lists(
    st.tuples(
        st.sampled_from(["charge", "sandbox", "credit", "correction", "close"]), st.integers(1, 50), st.integers(0, 120)
    ),
    max_size=25,
)


@given(done=deeds)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_billing_records_and_what_is_open_are_always_the_ledger(
    done: list[tuple[str, int, int]], acme: Account
) -> None:
    account = Account.objects.create(slug=uuid.uuid4().hex, name="x")
    for deed, amount, day in done:
        at = OCTOBER + timedelta(days=day, hours=7)
        if deed in {"charge", "sandbox"}:
            charge(account, amount, at, is_sandbox=deed == "sandbox")
        elif deed == "correction":
            charge(account, -amount, at, tokens=0, kind="correction")
        elif deed == "close":
            close(account, because("x"), at)
        elif 0 < amount <= (LedgerEntry.objects.filter(account_id=account.pk, is_sandbox=False).aggregate(
                sum=Sum("amount_nano", default=0))["sum"]):  # fmt: skip
            give(Credit(account=account, amount_nano=amount), because("x"))
        records = BillingRecord.objects.filter(account_id=account.pk).order_by("number")
        assert [record.number for record in records] == list(range(1, len(records) + 1))
        for record in records:
            assert record.total_nano == sum(line.amount_nano for line in record.lines.all())
        ledger = LedgerEntry.objects.filter(account_id=account.pk, is_sandbox=False).aggregate(
            s=Sum("amount_nano", default=0)
        )
        assert sum(record.total_nano for record in records) + open_nano().get(account.pk, 0) == ledger["s"]


# --- reconciliation


def test_a_counter_that_differs_is_told_with_its_limit_and_repaired_only_on_demand(acme: Account) -> None:
    month = limit("site:", 100)
    counter = month.counters.create(measure="money", period="month", period_start=NOVEMBER, spent=9, reserved=2)
    charge(acme, 7, NOVEMBER, counters=[counter.pk])
    assert reconcile(because("a look")).differences == [{
        "counter": counter.pk, "spent": 9, "spent_in_ledger": 7, "reserved": 2, "reserved_in_holds": 0,
        "limit": "site, money per month", "limit_id": month.pk, "measure": "money",
        "period_start": "2026-11-01T00:00:00+00:00",
    }]  # fmt: skip
    assert counted(month) == (9, 2)
    with pytest.raises(CommandError, match="1 counters differ"):
        call_command("reconcile", verbosity=0)
    call_command("reconcile", repair=True, reason="after the move", verbosity=0)
    assert counted(month) == (7, 0)
    kept = last()
    assert kept
    assert (kept.is_repair, kept.reason, len(kept.differences)) == (True, "after the move", 1)
    assert reconcile(because("again"), repair=True).differences == []
    assert Reconciliation.objects.count() == 4
