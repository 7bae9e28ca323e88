"""Pages of figures, out of what was rolled up: Overview, Usage and cost, Performance, and those that people compose."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from analytics.models import Dashboard
from tests.admin.answers import text
from tests.admin.people import some_staff
from tests.analytics.rows import insert_many, rolled_up
from tests.cast import Cast

GOOD: dict[str, Any] = {
    "outcome": "success", "latency_ms": 1_000, "cost_nano": 10_000_000, "category": "coding", "task_type": "fix_bug",
    "policy": "code",
}  # fmt: skip
NEW: dict[str, Any] = {"name": "Mornings", "visibility": "private", "range": "7d", "where": "{}", "reason": "tried"}


@pytest.fixture
def plain(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.staff)
    return client


def seed(cast: Cast, **changes: Any) -> None:
    facts = {
        **GOOD,
        "account_id": cast.ada.account.pk,
        "key_id": cast.ada.key.pk,
        "user_id": cast.ada.user.pk,
        **changes,
    }
    insert_many(3, **facts, model="a:b", provider="a")
    insert_many(1, **{**facts, "outcome": "failure", "error_kind": "timeout"}, model="c:d", provider="c")
    insert_many(1, **{**facts, "created_at": now() - timedelta(days=28)}, model="a:b", provider="a")
    rolled_up()


def test_pages_show_the_figures_and_where_they_come_from(plain: Client, cast: Cast) -> None:
    seed(cast)
    usage = text(plain.get("/admin/usage/"))
    for shown in (
        "<b>4 requests</b> cost <b>$0.040</b>", "+300", "From category to model", "coding → b: $0.030", "fix_bug",
        "ada&#x27;s key",
        "Mean cost per task", "Counted until", "Days are those of UTC",
    ):  # fmt: skip
        assert shown in usage, shown
    performance = text(plain.get("/admin/performance/?range=7d"))
    for shown in ("75.0", "timeout", "Providers side by side", "Time to the first token"):
        assert shown in performance, shown
    assert "What routing saved" in text(plain.get("/admin/"))


def test_the_address_filters_and_says_what_makes_no_sense(plain: Client, cast: Cast) -> None:
    seed(cast)
    page = text(plain.get(f"/admin/usage/?model=c:d&key={cast.ada.key.pk}&add=account"))
    for shown in ("<b>1 request</b>", "model is <b>d</b>", "key is <b>ada&#x27;s key</b>", '<option value="'):
        assert shown in page, shown
    assert "No request fits these filters" in text(plain.get("/admin/usage/?model=e:f"))
    refused = text(plain.get("/admin/usage/?range=ever"))
    assert "range: &#x27;ever&#x27; is not one of 24h" in refused
    tagged = text(plain.get("/admin/usage/?tag=nightly"))
    assert "Not with these filters" in tagged
    assert "figures of tags are kept by account alone" in tagged.lower()


def test_the_sandbox_stands_apart_and_is_marked(plain: Client, cast: Cast) -> None:
    assert "No request in this time" in text(plain.get("/admin/"))
    seed(cast, is_sandbox=True)
    first = text(plain.get("/admin/usage/"))
    assert "<b>Sandbox.</b> Answers, tokens and costs are made up" in first
    assert "No request in this time" in text(plain.get("/admin/usage/?traffic=real"))
    seed(cast)
    assert "<b>Sandbox.</b>" not in text(plain.get("/admin/usage/"))


@pytest.mark.parametrize(("path", "most"), [("usage", 16), ("performance", 8), ("", 14)])
def test_a_page_asks_as_often_however_much_there_is(plain: Client, cast: Cast, path: str, most: int) -> None:
    seed(cast)
    asked = plain.get(f"/admin/{path}/" if path else "/admin/").context["page"].board.asked
    assert asked <= most


def test_who_may_not_see_requests_sees_no_figures(cast: Cast) -> None:
    assert some_staff("view_model").get("/admin/usage/").status_code == 403


def test_a_dashboard_is_composed_shown_and_changed(plain: Client, cast: Cast) -> None:
    seed(cast)
    page = plain.get("/admin/analytics/dashboard/add/?tiles=performance&model=a:b")
    assert page.context["adminform"].form.initial["where"] == {"model": ["a:b"]}
    assert "data-tiles" in text(page)
    sent = {**NEW, "user": cast.staff.pk, "tiles": '[{"kind": "pie"}]'}
    assert "Tile 1, kind: &#x27;pie&#x27; is none of sentence" in text(
        plain.post("/admin/analytics/dashboard/add/", sent)
    )
    plain.post("/admin/analytics/dashboard/add/", {**sent, "tiles": '[{"kind": "top", "by": ["key"], "title": "Who"}]'})
    dashboard = Dashboard.objects.get()
    shown = text(plain.get(f"/admin/dashboards/{dashboard.pk}/"))
    assert "Who</h2>" in shown
    assert "last 7 days" in shown
    assert "last 24 hours" in text(plain.get(f"/admin/dashboards/{dashboard.pk}/?range=24h"))
    assert f"/admin/dashboards/{dashboard.pk}/" in text(plain.get("/admin/analytics/dashboard/"))
    assert dashboard.history.get().history_change_reason == "tried"
    assert plain.get("/admin/dashboards/4000/").status_code == 404
