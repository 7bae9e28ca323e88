"""What waits for a person is on one page, with what can be done about it, and every page says what holds for the whole site."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from budgets.alerts.raising import raise_alert
from budgets.models import Alert
from experiments.models import LearningRound, Proposal
from models_registry.models import Deployment, Price
from routerhub.releases import rollout, switches
from tests.admin.answers import messages_of, text
from tests.admin.catalogue import GPT, rename
from tests.admin.people import some_staff
from tests.budgets.alerts.findings import of
from tests.cast import Cast, because

INBOX = "/admin/inbox/"


@pytest.fixture
def waiting(staff: Client, cast: Cast) -> Client:
    """One of each kind waits."""
    raise_alert(of(cast.ada, state="triggered", title="The month is spent"))
    place = Deployment.objects.filter(model__identifier=GPT).order_by("position")[0]
    Price.objects.create(
        deployment=place, effective_from=timezone.now(), input=Decimal(900), output=Decimal(10), dated="2026-11-01"
    )  # fmt: skip
    learned = LearningRound.objects.create(
        began_at=timezone.now(), since=timezone.now(), records=9, feedback=9, proposals=1, verdict="one proposal"
    )
    Proposal.objects.create(
        kind="score", subject=GPT, detail="coding", before=80, after=85, evidence={}, summary="People liked it.",
        learned_in=learned,
    )  # fmt: skip
    return staff


def badge(client: Client) -> str:
    (found,) = (
        item.get("badge", "")
        for section in client.get("/admin/").context["sidebar_navigation"]
        for item in section["items"]
        if item["title"] == "Inbox"
    )
    return str(found)


def test_what_waits_is_counted_in_the_sidebar_and_shown_with_its_buttons(waiting: Client) -> None:
    assert badge(waiting) == "3"
    page = text(waiting.get(INBOX))
    for words in ("The month is spent", "rises from 1.25 to 900", "$900.00 in · $10.00 out", "People liked it."):
        assert words in page
    for word in ("Acknowledge", "Approve…", "Reject…", "Accept…"):
        assert f">{word}<" in page


def test_nothing_waits(staff: Client) -> None:
    assert badge(staff) == ""
    assert "Nothing waits for anybody" in text(staff.get(INBOX))


def test_a_button_does_what_the_action_of_the_list_does(waiting: Client) -> None:
    (alert,), (price,) = Alert.objects.all(), Price.objects.exclude(waits_because="")
    acknowledged = waiting.post(
        "/admin/budgets/alert/", {"action": "acknowledge_alerts", "_selected_action": alert.pk}, follow=True
    )
    assert messages_of(acknowledged) == ["1 acknowledged, until they get graver or their periods end."]
    approving: dict[str, Any] = {"action": "approve_prices", "_selected_action": price.pk}
    assert 'name="reason"' in text(waiting.post("/admin/models_registry/price/", approving))
    waiting.post("/admin/models_registry/price/", {**approving, "post": "yes", "reason": "by contract"})
    assert badge(waiting) == "1"


def test_one_sees_what_one_may_see_and_decides_what_one_may_change(waiting: Client) -> None:
    clerk = some_staff("view_price")
    assert badge(clerk) == "1"
    page = text(clerk.get(INBOX))
    assert "rises from 1.25 to 900" in page
    assert "Approve" not in page
    assert "The month is spent" not in page
    assert some_staff("view_model").get(INBOX).status_code == 403


def test_every_page_says_that_a_switch_is_off_and_that_a_rollout_runs(staff: Client, file: Path) -> None:
    def notices() -> list[str]:
        return [f"{each.strong} {each.text}" for each in staff.get("/admin/auth/user/").context["notices"]]

    assert notices() == ["The sandbox answers. What is asked now is made up and costs nothing."]
    rename("Ours")
    rollout.roll_out("catalogue", 1, 25, because("try it"))
    switches.turn("router", False, because("it decides badly"))
    assert notices()[1:] == [
        "USE_DB_ROUTER_CONFIG is off. Release 0 of the router decides.",
        "Catalogue release 1 is live for 25 % of the users.",
    ]
    page = text(staff.get("/admin/switches/"))
    assert "Turned off by" in page
    assert "/admin/releases/router/turn-on/" in page
