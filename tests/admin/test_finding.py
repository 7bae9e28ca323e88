"""Ctrl K finds pages, models, accounts, keys and requests, each for who may see it."""

import re

from django.test import Client
from django.utils.html import escape

from analytics.models import Record
from tests.admin.answers import text
from tests.admin.people import some_staff
from tests.analytics.rows import insert
from tests.cast import Cast


def found(client: Client, words: str) -> list[str]:
    return re.findall(r'data-title="([^"]*)"', text(client.get("/admin/search/", {"s": words, "extended": "1"})))


def test_pages_and_rows_are_found_by_name(staff: Client, cast: Cast) -> None:
    assert found(staff, "sync") == ["Sync"]
    assert found(staff, "budgets ledger") == ["Ledger", "Reconciliation"]
    assert "openai:gpt-5-nano" in found(staff, "gpt-5-nano")
    assert found(staff, "acme") == ["Acme"]
    assert found(staff, cast.ada.key.prefix) == [escape(str(cast.ada.key))]
    assert found(staff, "") == []


def test_a_request_is_found_by_the_beginning_of_its_id(staff: Client, cast: Cast) -> None:
    insert()
    number = str(Record.objects.get().pk)
    for beginning in (number, number[:8], number[:12].upper(), number.replace("-", "")):
        assert found(staff, beginning) == [number]
    assert found(staff, number[:7]) == []


def test_one_finds_what_one_may_see(staff: Client, cast: Cast) -> None:
    insert()
    number = str(Record.objects.get().pk)
    clerk = some_staff("view_account")
    assert found(clerk, "acme") == ["Acme"]
    assert found(clerk, number) == found(clerk, "gpt-5") == found(clerk, "tuning") == []
    assert found(some_staff("view_record"), number) == [number]
