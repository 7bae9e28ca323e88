"""How prompts were read, on its page: sentences, charts, and what is said where there is nothing."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils.timezone import now

from experiments.classification import pages
from tests.admin.answers import text
from tests.analytics.rows import rolled_up
from tests.experiments.classification.traffic import by_encoder, by_model, by_table, question, read, reading

pytestmark = pytest.mark.django_db
PAGE = "/admin/classification/"


@pytest.mark.usefixtures("shop")
def test_it_tells_who_read_what_that_changed_and_what_it_cost(staff: Client) -> None:
    by_table(6, created_at=now() - timedelta(days=3))
    by_encoder("factual", "coding")
    by_encoder("coding", "coding", took_us=9_000)
    by_model("factual", "factual", "coding")
    read(reading("table", "coding"), origin="local, since acme:small failed: no answer within 1500 ms", sure="0.3")
    question()
    rolled_up()
    answer = staff.get(PAGE)
    shown, page = answer.context["shown"], text(answer)
    assert [(each.name, each.requests, each.asked) for each in shown.readers] == [
        ("Table", "7", ""), ("Encoder", "2", "30\N{NARROW NO-BREAK SPACE}%"),
        ("Router model", "1", "20\N{NARROW NO-BREAK SPACE}%"), ("Given by the caller", "0", ""),
    ]  # fmt: skip
    assert [(each.name, each.share, each.of) for each in shown.effects] == [
        ("Another category than the table alone", "67\N{NARROW NO-BREAK SPACE}%", "3"),
        ("Another model, decided once more", "67\N{NARROW NO-BREAK SPACE}%", "3"),
    ]
    assert [(each.before, each.after, each.requests) for each in shown.flows] == [("acme:small", "acme:middle", "2")]
    assert (shown.cost_change, shown.cost, shown.questions, shown.sampled) == ("+$0.00037", "$0.000040", "1", "")
    assert "no answer within 1500 ms" in page
    assert "encoder not installed" in " ".join(page.split())
    assert len(shown.over_time_table.rows) == 2


def test_where_nobody_asked_anybody_it_says_so(staff: Client) -> None:
    by_table(3)
    rolled_up()
    page = text(staff.get(PAGE))
    assert "The table alone read them all" in page
    assert "Whoever was asked answered" in page


def test_without_real_traffic_that_of_the_sandbox_is_shown_and_called_so(staff: Client) -> None:
    by_table(3, is_sandbox=True)
    rolled_up()
    assert "<b>Sandbox.</b>" in text(staff.get(PAGE))
    assert "No prompt was read in this time" in text(staff.get(f"{PAGE}?traffic=real"))


def test_a_wrong_account_and_a_slow_database_are_said(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Object with slug=nobody does not exist." in text(staff.get(f"{PAGE}?account=nobody"))

    def slow(_: object) -> None:
        raise OperationalError("canceling statement due to statement timeout")

    monkeypatch.setattr(pages, "classification", slow)
    assert "The figures could not be read" in text(staff.get(PAGE))
