"""The pages of the books: credits, billing records, reconciliation and costs, as people use them."""

import uuid
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from budgets.books.billing import close
from budgets.models import BillingRecord, LedgerEntry, Reconciliation
from tests.admin.answers import messages_of, text
from tests.admin.people import some_staff
from tests.budgets.tables import limit
from tests.budgets.test_books import NOVEMBER, OCTOBER, charge
from tests.cast import Cast, because

USD = 10**9


@pytest.fixture
def plain(cast: Cast) -> Client:
    """Staff who may do anything; nothing is seeded."""
    client = Client()
    client.force_login(cast.staff)
    return client


def test_a_credit_is_given_on_its_page_and_refused_beside_the_field(plain: Client, cast: Cast) -> None:
    operation = charge(cast.ada.account, 5 * USD, NOVEMBER).operation_id
    sent = {"account": "acme", "amount_usd": "6", "operation_id": str(operation), "reason": "broken"}
    refused = text(plain.post("/admin/credit/", sent))
    assert "is more than the $5.00 that the operation" in refused
    answer = plain.post("/admin/credit/", {**sent, "amount_usd": "1.5"}, follow=True)
    assert messages_of(answer) == ["$1.50 credited to Acme."]
    assert "broken" in text(answer)
    assert LedgerEntry.objects.get(kind="credit").author == "staff"
    assert (
        plain.get(f"/admin/credit/?account=acme&operation_id={operation}").context["form"]["account"].value() == "acme"
    )


def test_months_are_closed_and_their_record_shows_every_line_and_both_files(plain: Client, cast: Cast) -> None:
    charge(cast.ada.account, 5 * USD, OCTOBER, basis="no_price")
    assert "$5.00" in text(plain.get("/admin/billing/close/"))
    answer = plain.post("/admin/billing/close/", {"account": "", "reason": "x"}, follow=True)
    assert messages_of(answer) == ["Closed: acme-0001."]
    record = BillingRecord.objects.get()
    page = text(plain.get(reverse("admin:budgets_billingrecord_change", args=[record.pk])))
    for shown in ("October 2026", "$5.00 of it at a ceiling", f"/admin/billing/{record.pk}/pdf/", "a:b"):
        assert shown in page, shown
    assert plain.get(f"/admin/billing/{record.pk}/pdf/").content.startswith(b"%PDF")
    assert plain.get(f"/admin/billing/{record.pk}/exe/").status_code == 404
    assert some_staff("view_limit").get(f"/admin/billing/{record.pk}/csv/").status_code == 403


def test_reconciliation_shows_what_differs_and_repairs_it_for_a_reason(plain: Client, cast: Cast) -> None:
    month = limit("site:", 9 * USD)
    month.counters.create(measure="money", period="month", period_start=NOVEMBER, spent=7 * USD)
    assert "Nobody has looked yet" in text(plain.get("/admin/reconciliation/"))
    plain.post("/admin/reconciliation/", {"action": "check", "reason": "a look"})
    page = text(plain.get("/admin/reconciliation/"))
    assert "1 of 1 counters differ" in page
    assert '$7.00<span class="rh-phone">, ledger $0.00' in page
    assert plain.post("/admin/reconciliation/", {"action": "repair", "reason": ""}).status_code == 200
    plain.post("/admin/reconciliation/", {"action": "repair", "reason": "after the move"})
    assert month.counters.get().spent == 0
    assert Reconciliation.objects.count() == 2
    assert some_staff("view_reconciliation").post("/admin/reconciliation/", {"action": "repair"}).status_code == 403


def test_costs_are_shown_in_figures_and_bars_with_the_share_at_a_ceiling(plain: Client, cast: Cast) -> None:
    charge(cast.ada.account, 3 * USD, NOVEMBER, model="a:c")
    charge(cast.cy.account, USD, NOVEMBER, basis="no_price")
    charge(cast.ada.account, 7 * USD, NOVEMBER, is_sandbox=True, model="a:d")
    address = "/admin/costs/?since=2026-11-01&until=2026-11-02"
    page = plain.get(address)
    for shown in ("$4.00", "25.0 %", "$1.00 of it at a ceiling", "$7.00 (sandbox)", "Days are those of UTC"):
        assert shown in text(page), shown
    assert '"label": "a:d", "data": [7.0]' in page.context["chart"]
    assert "acme" in text(plain.get(f"{address}&by=account"))
    assert "is not from" in text(plain.get("/admin/costs/?since=2020-01-01&until=2026-11-02"))
    assert "Nothing was charged" in text(plain.get("/admin/costs/?since=2020-01-01&until=2020-01-02"))


def test_an_entry_shows_price_tokens_and_scopes(plain: Client, cast: Cast) -> None:
    row = charge(
        cast.ada.account, 3 * USD, NOVEMBER, deployment="openai/gpt-5", priced_from=datetime(2026, 3, 1, tzinfo=UTC),
        cache_write_1h_tokens=812, refers_to=uuid.uuid4(),
    )  # fmt: skip
    page = text(plain.get(reverse("admin:budgets_ledgerentry_change", args=[row.pk])))
    for shown in ("openai/gpt-5", "812", "policy:code", "Reported usage by price"):
        assert shown in page, shown


def test_a_closed_month_cannot_be_changed_on_its_page(plain: Client, cast: Cast) -> None:
    charge(cast.ada.account, 5 * USD, OCTOBER)
    (record,) = close(cast.ada.account, because("x"), NOVEMBER)
    page = reverse("admin:budgets_billingrecord_change", args=[record.pk])
    assert plain.post(page, {"total_nano": 1}).status_code == 403
