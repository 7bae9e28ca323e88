"""The catalogue in the console: what may be called, by filters, side by side, one by one."""

import html
import re
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from autorouter import models as autorouter
from budgets.formats import NOTHING
from models_registry import availability
from models_registry.models import Model, Price
from models_registry.types import Measured
from routerhub.audit import history
from tests.analytics import rows
from tests.cast import Cast, because
from tests.console.test_figures import read, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("both_seeded")]
GPT, LUNA, SONNET = "openai:gpt-6.1-sol", "openai:gpt-6-luna", "anthropic:claude-sonnet-5-5"


@pytest.fixture
def ada(cast: Cast) -> Client:
    return signed_in(cast.ada.user)


def listed(page: str) -> list[str]:
    return re.findall(r'name="compare" value="([^"]+)"', page)


def test_the_list_is_the_gateways_own_and_best_at_coding_first(ada: Client) -> None:
    page = read(ada, "/console/models/")
    found = listed(page)
    open_to_all = Model.objects.filter(kind="chat", is_internal_only=False, is_pro=False)
    left = open_to_all.exclude(deprecated_from__lte=now().date())
    assert set(found) == set(left.values_list("identifier", flat=True))
    assert f"{len(found)} of {len(found)} models fit" in page
    scores = [float(each) for each in re.findall(r'<td class="n m2"><b class="strong">([\d.]+)</b>', page)]
    assert scores == sorted(scores, reverse=True)
    assert "$2.00" in page
    assert f'<td class="n w">{NOTHING}</td>' in page, "nothing was measured yet"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("provider=openai&search=gpt-6-luna", [LUNA]),
        ("provider=nobody", None),
        ("search=no+such+model", []),
    ],
)
def test_filters_stand_in_the_address(ada: Client, query: str, expected: list[str] | None) -> None:
    page = read(ada, f"/console/models/?{query}")
    if expected is None:
        assert "provider: 'nobody' is not one of" in page
    else:
        assert listed(page) == expected
        assert "models fit" in page


def test_an_order_has_what_is_not_known_last_and_filters_keep_to_it(ada: Client, monkeypatch: Any) -> None:
    measured = {LUNA: Measured(calls=120, success=0.93, expected_ms=900, ttft_ms=310)}
    monkeypatch.setattr(availability, "measured", lambda: ({LUNA: 900}, {LUNA: 142.0}, measured))
    page = read(ada, "/console/models/?sort=speed&takes=tools&max_output=10&tier=cheap")
    assert listed(page)[0] == LUNA
    assert "failing" in page
    assert '<td class="n w">142</td><td class="n w badtext">93.0\u202f%</td>' in page
    assert 'href="?sort=speed&max_output=10&tier=cheap">takes <b>tools</b>' in page
    cheapest = read(ada, "/console/models/?sort=output")
    prices = [float(each) for each in re.findall(r'<td class="n w">\$([\d.]+)</td><td class="w">', cheapest)]
    assert prices == sorted(prices)


def test_two_to_four_stand_side_by_side_and_no_more(ada: Client) -> None:
    page = read(ada, f"/console/models/?compare={GPT}&compare={LUNA}&compare={SONNET}")
    assert "3 of at most 4" in page
    assert page.count('class="drow"') == 8
    assert re.search(r'aria-label="coding: gpt-6.1-sol [\d.]+, gpt-6-luna [\d.]+, claude-sonnet-5-5 [\d.]+"', page)
    assert f"/console/playground/?model={GPT.replace(':', '%3A')}&second={LUNA.replace(':', '%3A')}" in page
    assert "1,000 in, 500 out" in page
    assert re.search(r'best">\$0.10, \$0.50<', page)
    many = "&".join(f"compare={each}" for each in listed(page)[:5])
    assert "at most 4 stand side by side" in read(ada, f"/console/models/?{many}")


def test_a_models_page_tells_prices_places_scores_and_what_the_account_asked(ada: Client, cast: Cast) -> None:
    rows.insert_many(3, account_id=cast.ada.account.pk, cost_nano=2_000_000_000, model=LUNA, is_sandbox=True)
    rows.insert_many(5, account_id=cast.cy.account.pk, cost_nano=7_000_000_000, model=LUNA, is_sandbox=True)
    rows.rolled_up()
    row = autorouter.Preferences(user=cast.ada.user, blocked_providers=["openai"])
    history.create([row], because("not them"))
    page = read(ada, f"/console/models/{LUNA}/")
    assert "blocked by your preferences" in page
    price = Price.objects.filter(deployment__model__identifier=LUNA).latest()
    assert html.unescape(price.source) in page
    assert '<th scope="row">Requests</th><td class="n">3</td>' in page
    assert '<th scope="row">Cost</th><td class="n">$6.00</td>' in page
    assert "Try it</a>" in page
    score = autorouter.ProfileScore.objects.get(profile__model=LUNA, dimension="coding")
    assert html.unescape(f"{score.source}, {score.dated}") in page
    assert ada.get("/console/models/no:such/").status_code == 404
    assert "blocked by your preferences" in read(ada, "/console/models/?provider=openai")
