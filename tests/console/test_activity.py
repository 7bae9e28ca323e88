"""Activity: the account's requests by filters, one of them with its story, views, feedback and files; and finding."""

import uuid
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.test import Client
from django.utils.timezone import now

from analytics.models import Feedback, SavedView
from autorouter.classification.definitions import CATEGORY_DEFINITIONS
from autorouter.decision.terms import Terms
from budgets.money import dollars
from budgets.types import to_nano
from models_registry.prices.pricing import price_at
from routerhub.releases import store
from tests.analytics import rows
from tests.cast import Cast
from tests.console.test_figures import read, signed_in

pytestmark = pytest.mark.django_db
FAILED = [
    {"deployment": "first", "status": 503, "latency_ms": 200, "error": "overloaded"},
    {"deployment": "second", "status": 200, "latency_ms": 600},
]


@pytest.fixture
def made(cast: Cast) -> uuid.UUID:
    """A request of Ben's, beside one of Ada's and one of Cy's."""
    whose = {
        "account_id": cast.ada.account.pk,
        "cost_nano": 3_520_600,
        "latency_ms": 800,
        "ttft_ms": 500,
        "is_stream": True,
    }
    rows.insert(**{**whose, "user_id": cast.ada.user.pk}, model="her:other", category="creative")
    rows.insert(account_id=cast.cy.account.pk, model="his:model")
    return rows.insert(**whose, user_id=cast.ben.user.pk, model="their:model", attempts=FAILED, fallback_used=True)


@pytest.fixture
def ben(cast: Cast) -> Client:
    return signed_in(cast.ben.user)


def test_a_selection_is_of_the_account_whatever_the_address_says(ben: Client, made: uuid.UUID, cast: Cast) -> None:
    page = read(ben, "/console/activity/")
    assert "<b>2</b> requests" in page
    assert "his:" not in page
    for query in (f"account={cast.cy.account.slug}", f"key_id={cast.cy.key.pk}&account=other"):
        assert "his:" not in read(ben, f"/console/activity/?{query}")
    page = read(ben, "/console/activity/?category=creative")
    assert "<b>1</b> request<" in page
    assert "category is <b>creative</b>" in page
    assert "No request fits these filters" in read(ben, "/console/activity/?model=no:such")
    assert "range: 'ever' is none of" in read(ben, "/console/activity/?range=ever").replace("<b>range</b>", "range")


def test_a_request_has_an_address_of_its_own_with_why_how_and_what_it_cost(
    ben: Client, made: uuid.UUID, cast: Cast
) -> None:
    for address in (
        f"/console/activity/{made}/",
        f"/console/activity/{made}/beside/",
        f"/console/activity/?open={made}",
    ):
        page = read(ben, address)
        assert "This decision can't be shown again." in page, "the record keeps no decision"
        assert 'first <span class="st bad">503</span>' in page
        assert 'second <span class="st ok">200</span>' in page
        assert '<i class="pre" style="left:25.0%;width:37.5%"></i>' in page, "until the first token, after 500 ms"
        assert "$0.0035206" in page
    cy = signed_in(cast.cy.user)
    assert cy.get(f"/console/activity/{made}/").status_code == 404
    assert cy.get(f"/console/activity/{made}/beside/").status_code == 404
    assert "their:" not in read(cy, f"/console/activity/?open={made}&range=all&q={made}")


def test_a_request_says_who_took_it_for_what_and_an_unsure_one_is_marked(ben: Client, cast: Cast) -> None:
    task = {
        "category": "analysis", "complexity": "moderate", "input_tokens": 9, "origin": "encoder",
        "likely": [["analysis", 0.46], ["factual", 0.4]],
        "readings": [
            {"by": "table", "likely": [["factual", 0.41]], "complexity": "simple", "took_us": 0},
            {"by": "encoder", "likely": [["analysis", 0.48]], "complexity": "moderate", "took_us": 4_000},
        ],
    }  # fmt: skip
    whose = {"account_id": cast.ada.account.pk, "category": "analysis"}
    made = rows.insert(**whose, confidence=0.46, second="factual", read_by="encoder", decision={"task": task})
    rows.insert(**whose, confidence=0.91, read_by="table")
    for address in (f"/console/activity/{made}/", f"/console/activity/{made}/beside/"):
        page = read(ben, address)
        assert (
            "The table took it for factual (0.41), the encoder for analysis (0.48); together analysis (0.46, unsure)"
            in page
        )
        assert f'title="asks to {CATEGORY_DEFINITIONS["analysis"]}">analysis</abbr>' in page
    listed = read(ben, "/console/activity/")
    assert ("<b>2</b> requests" in listed, listed.count(" · unsure, else factual<")) == (True, 1)
    assert "<b>1</b> request<" in read(ben, "/console/activity/?read_by=encoder&max_confidence=0.5")
    assert "'me' is none of table, encoder, model" in read(ben, "/console/activity/?read_by=me")


def test_a_round_term_of_a_score_is_a_plain_number() -> None:
    nothing = dict.fromkeys(("stickiness", "reasoning", "research", "speed"), Decimal(0))
    terms = Terms(category=Decimal("70.0000"), complexity_factor=Decimal(1), tier_weight=Decimal("0.5"), **nothing)
    story = {"task": None, "first": [{"candidate": {"terms": terms}}]}
    page = Template("{% load l10n %}{% localize off %}{% include 'console/activity/story.html' %}{% endlocalize %}")
    assert ">70 category</b>" in page.render(Context({"story": story}))


def test_feedback_is_given_there_and_shown(ben: Client, made: uuid.UUID, cast: Cast) -> None:
    rate = {"action": "rate", "operation": str(made), "thumbs": "down"}
    assert ben.post(f"/console/activity/{made}/", rate).status_code == 302
    kept = Feedback.objects.get(operation_id=made)
    assert (float(kept.satisfaction), kept.given_as, kept.user_id) == (0.0, "thumbs", cast.ben.user.pk)
    assert 'value="down" aria-pressed="true"' in read(ben, f"/console/activity/{made}/")
    assert "There is no request" in signed_in(cast.cy.user).post("/console/activity/", rate).content.decode()
    cast.ben.user.memberships.update(role="viewer")
    assert "Was the answer good?" not in read(ben, f"/console/activity/{made}/")
    assert ben.post("/console/activity/", {**rate, "thumbs": "up"}).status_code == 403


def test_views_are_kept_for_oneself_or_the_account_and_forgotten(ben: Client, made: uuid.UUID, cast: Cast) -> None:
    ada, keep = signed_in(cast.ada.user), {"action": "keep", "name": "Code", "query": "category=coding&range=7d"}
    assert ben.post("/console/activity/", keep).headers["Location"] == "/console/activity/?category=coding&range=7d"
    assert "Forget the view Code" in read(ben, "/console/activity/")
    assert "Code</a>" not in read(ada, "/console/activity/")
    ben.post("/console/activity/", {**keep, "is_shared": "on"})
    assert "Code</a>" in read(ada, "/console/activity/")
    forget = {"action": "forget", "view": SavedView.objects.get().pk, "query": ""}
    assert "no view" in ada.post("/console/activity/", forget).content.decode()
    ben.post("/console/activity/", forget)
    assert not SavedView.objects.exists()


def test_a_selection_goes_into_a_file_and_follows_what_comes_in(ben: Client, made: uuid.UUID) -> None:
    lines = b"".join(ben.get("/console/activity/export/?as=csv&model=their:model")).decode().splitlines()
    assert len(lines) == 2
    assert str(made) in lines[1]
    assert ben.get("/console/activity/export/?range=ever").status_code == 302
    newest = read(ben, "/console/activity/newest/")
    assert newest.count("<tr ") == 2
    assert "his:" not in newest
    rows.rolled_up()
    words = read(ben, "/console/activity/words/")
    assert 'value="their:model"' in words
    assert "his:model" not in words


def test_a_page_a_model_and_a_request_are_found(ben: Client, made: uuid.UUID, both_seeded: None, cast: Cast) -> None:
    assert 'href="/console/alerts/"' in read(ben, "/console/find/?q=alert")
    assert "/console/models/openai:gpt-6-luna/" in read(ben, "/console/find/?q=gpt-6-luna")
    fetched = ben.get(f"/console/find/?q={made}", headers={"X-Requested-With": "fetch"}).content.decode()
    assert f'href="/console/activity/{made}/"' in fetched
    assert "<html" not in fetched
    assert str(made) not in read(signed_in(cast.cy.user), f"/console/find/?q={made}").replace(
        f'value="{made}"', ""
    ).replace(f"“{made}”", "")


def test_the_cost_is_told_by_kind_of_token_where_that_comes_to_what_was_charged(
    ben: Client, both_seeded: None, cast: Cast
) -> None:
    luna = store.release("catalogue", 0).models["openai:gpt-6-luna"]
    place = luna.deployments[0]
    rates = price_at(place.prices, now()).rates
    assert rates.input is not None
    assert rates.output is not None
    cost = to_nano((1_000 * rates.input + 200 * rates.output) / 1_000_000)
    answer = {
        "model": luna.id,
        "deployment": place.id,
        "input_tokens": 1_000,
        "output_tokens": 200,
        "catalogue_release": 0,
    }
    whose = {"account_id": cast.ben.account.pk, "cache_read_tokens": 0, "cache_write_tokens": 0, "reasoning_tokens": 0}
    told, disputed = (rows.insert(**answer, **whose, cost_nano=nano) for nano in (cost, cost + 1))
    page = read(ben, f"/console/activity/{told}/")
    assert f"${rates.input:.2f} per 1M" in page
    assert dollars(to_nano(200 * rates.output / 1_000_000)) in page
    assert "per 1M" not in read(ben, f"/console/activity/{disputed}/")
