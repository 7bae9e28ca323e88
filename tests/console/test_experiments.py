"""A/B tests in the console: begun by a guided start, watched, and declared by whoever may."""

import html
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from autorouter.models import Preferences
from budgets.models import Membership
from experiments.ab import guarding, running
from experiments.models import Experiment
from tests.cast import Cast
from tests.experiments.ab.running import shop, started, traffic

NEW = {
    "name": "Large or small", "a": "policy code", "b": "policy thrift", "whose": "account", "unit": "session", "exposure": "100",
    "share_b": "50", "allocation": "fixed", "main": "cost", "success_margin": "2", "latency_p95_margin": "", "cost_margin": "",
    "budget_usd": "5", "planned_days": "14", "effect": "10", "reason": "to spend less",
}  # fmt: skip


@pytest.fixture
def ada(cast: Cast, client: Client) -> Client:
    """The owner of Acme, in a shop with two policies."""
    shop()
    client.force_login(cast.ada.user)
    return client


def page(client: Client, address: str, **given: Any) -> str:
    answer = client.post(address, given, follow=True) if given else client.get(address)
    assert answer.status_code == 200, address
    return html.unescape(answer.content.decode())


def test_a_test_is_begun_watched_and_declared(ada: Client, cast: Cast) -> None:
    assert "No test yet" in page(ada, "/console/tests/")
    assert "How long" in page(ada, "/console/tests/new/")
    assert "Too little was asked" in page(ada, "/console/tests/new/", **{**NEW, "reason": ""}, action="plan")
    wrong = page(ada, "/console/tests/new/", **{**NEW, "b": "policy code", "reason": ""}, action="start")
    assert "Say why: it is kept in the history" in wrong
    assert "It is the same as A" in page(ada, "/console/tests/new/", **{**NEW, "b": "policy code"}, action="start")
    told = page(ada, "/console/tests/new/", **NEW, action="start")
    assert "Started: it counts from the next request on." in told
    assert "No request yet." in told
    test = Experiment.objects.get()
    assert (test.account, test.user, test.guardrails, test.state) == (
        cast.ada.account, None, [{"measure": "success", "margin": 0.02}], "running",
    )  # fmt: skip
    traffic(test, "a", 40, cost_nano=6_000_000)
    traffic(test, "b", 40, cost_nano=3_000_000)
    guarding.look(test.pk, now() + timedelta(seconds=5))
    guarding.look(test.pk, now() + timedelta(seconds=50))
    moving = page(ada, f"/console/tests/{test.pk}/figures/")
    assert "B is cheaper." in moving
    assert "Cost per request is $0.0030 with B and $0.0060 with A" in moving
    assert "40 sessions · 40 requests" in moving
    assert "Sample ratio fits" in moving
    listed = page(ada, "/console/tests/")
    assert "B is cheaper." in listed
    ended = page(
        ada,
        f"/console/tests/{test.pk}/",
        action="declare",
        declared="b",
        as_default="on",
        reason="cheaper, and as good",
    )
    assert "Declared: B, policy thrift" in ended
    assert running.read() == ()
    assert Preferences.objects.get(account=cast.ada.account).rules[0]["then"] == {"policy": "thrift"}
    undone = page(ada, f"/console/tests/{test.pk}/", action="undo", reason="not so good")
    assert "Undone." in undone
    assert Preferences.objects.get(account=cast.ada.account).rules == []
    assert "Earlier tests of Acme" in page(ada, "/console/tests/")


def test_a_draft_is_gone_on_with_started_and_stopped(ada: Client, cast: Cast) -> None:
    assert "Kept as a draft" in page(ada, "/console/tests/new/", **NEW, action="draft")
    first = Experiment.objects.get()
    edited = page(ada, f"/console/tests/{first.pk}/edit/", **{**NEW, "whose": "user", "share_b": "20"}, action="draft")
    assert "Kept as a draft" in edited
    test = Experiment.objects.get()
    assert (test.user, test.unit, test.share_b) == (cast.ada.user, "session", 20)
    assert "Started: it counts" in page(ada, f"/console/tests/{test.pk}/", action="start", reason="go")
    assert "Stopped: everybody gets A." in page(ada, f"/console/tests/{test.pk}/", action="stop", reason="it is bad")
    assert "Phases" in page(ada, f"/console/tests/{test.pk}/")
    assert ada.get(f"/console/tests/{test.pk}/edit/").status_code == 404


def test_who_may_not_change_a_test_sees_it_and_no_more(ada: Client, cast: Cast) -> None:
    test = started(cast.ada.account)
    Membership.objects.filter(user=cast.ben.user).update(role="member")
    ada.force_login(cast.ben.user)
    assert "Declare a winner" not in page(ada, f"/console/tests/{test.pk}/")
    assert ada.post(f"/console/tests/{test.pk}/", {"action": "stop", "reason": "I want it"}).status_code == 403
    own = page(ada, "/console/tests/new/", **{**NEW, "whose": "user"}, action="start")
    assert "Started: it counts" in own
    assert Experiment.objects.first().user == cast.ben.user  # type: ignore[union-attr]
    refused = page(ada, "/console/tests/new/", **NEW, action="start")
    assert Experiment.objects.count() == 2, refused
    Membership.objects.filter(user=cast.ben.user).update(role="viewer")
    assert ada.get("/console/tests/new/").status_code == 403
    ada.force_login(cast.cy.user)
    assert ada.get(f"/console/tests/{test.pk}/").status_code == 404
