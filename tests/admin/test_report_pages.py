"""Opportunities on their page: what could be saved, and the backtest that tries it out."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.test import Client
from django.utils.timezone import now

from tests.admin.answers import text
from tests.analytics.rows import insert_many, rolled_up
from tests.cast import Cast

PAGE = "/admin/opportunities/"


def two_models(cast: Cast) -> None:
    usual: dict[str, Any] = {
        "account_id": cast.ada.account.pk, "user_id": cast.ada.user.pk, "task_type": "report", "category": "analysis",
    }  # fmt: skip
    for day in range(1, 9):
        at = now() - timedelta(days=day)
        insert_many(50, created_at=at, model="a:dear", cost_nano=10_000_000, **usual)
        insert_many(50, created_at=at, model="a:cheap", cost_nano=1_000_000, **usual)
    rolled_up()


def test_an_opportunity_is_told_with_its_interval_and_leads_to_its_backtest(staff: Client, cast: Cast) -> None:
    two_models(cast)
    answer = staff.get(PAGE)
    (each,) = answer.context["opportunities"]
    assert (each["name"], each["saving"], each["between"]) == ("report · analysis · simple", "$3.60", "$3.60 to $3.60")
    assert "a:dear" in text(answer)
    sent = parse_qs(urlsplit(each["backtest"]).query)
    assert {name: sent[name] for name in ("account", "model", "instead", "task_type", "complexity")} == {
        "account": ["acme"], "model": ["a:dear"], "instead": ["a:cheap"], "task_type": ["report"], "complexity": ["simple"],
    }  # fmt: skip
    tried = staff.get(each["backtest"])
    assert tried.context["form"].cleaned_data["account"] == cast.ada.account.pk
    assert "There is no model &#x27;a:cheap&#x27;" in text(tried)


def test_without_traffic_the_page_says_what_it_takes(staff: Client) -> None:
    page = text(staff.get(PAGE))
    assert "it takes two models that answered like requests" in page
    assert "Object with slug=nobody does not exist." in text(staff.get(f"{PAGE}?account=nobody"))
