"""A release goes out by steps from its dialog, is seen live on the page of the releases, and is moved from there."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from budgets.money import MINUS
from experiments.rollouts import stepping
from routerhub.releases import rollout, store
from routerhub.releases.types import Pointer
from tests.admin.answers import messages_of, post, text
from tests.admin.catalogue import rename
from tests.admin.people import some_staff
from tests.cast import Cast, because
from tests.experiments.ab.found import SAID, findings

RELEASES = "/admin/releases/"
ASKED = {"percents": "5, 100", "minutes": "10", "units": "1", "requests": "50", "margin_success": "1"}
AS_DIALOG = {"X-Requested-With": "fetch"}


@pytest.fixture
def draft(staff: Client, cast: Cast) -> int:
    return store.draft("catalogue", lambda: rename("Drafted"), because("an idea"), "another name")


def begin(staff: Client, draft: int, **fields: Any) -> Any:
    asked = {"release": draft, "how": "gradually", "reason": "step by step", **ASKED, **fields}
    return post(staff, f"{RELEASES}catalogue/roll-out/", **asked)


def looked(**found: Any) -> None:
    gradual = stepping.open_one("catalogue")
    assert gradual is not None
    stepping.check(gradual, lambda *_: findings(timezone.now() + timedelta(minutes=1), **found))


def test_it_is_suggested_says_what_will_happen_and_begins(staff: Client, draft: int) -> None:
    dialog = text(staff.get(f"{RELEASES}catalogue/roll-out/?release={draft}", headers=AS_DIALOG))
    assert "<html" not in dialog
    assert f"Roll out {draft} step by step</button>" in dialog
    assert "If a guardrail breaks, release 1 answers everybody again by itself" in dialog
    assert messages_of(begin(staff, draft)) == ["catalogue 2 goes out step by step, to 5 % first."]
    assert rollout.pointer("catalogue") == Pointer(line="catalogue", stable=1, candidate=2, percent=5)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"percents": "5, x"}, "5, x&#x27; is no list of whole numbers such as 1, 5, 25, 100."),
        ({"percents": "5, 50"}, "50 % is the last step; it must be 100 %."),
        ({"margin_success": ""}, "Name at least one: without it nothing would roll it back."),
        ({"how": "quickly"}, "&#x27;quickly&#x27; is none of gradually, share, everybody."),
        ({"seen": "something else"}, "What will happen is something else now."),
        ({"reason": ""}, "Say why"),
    ],
)
def test_what_cannot_be_begun_is_told_in_the_dialog(staff: Client, draft: int, fields: Any, told: str) -> None:
    assert told in text(begin(staff, draft, **fields))
    assert rollout.pointer("catalogue") == Pointer(line="catalogue", stable=1)


def test_its_steps_and_guardrails_are_seen_live_and_it_is_moved(staff: Client, draft: int) -> None:
    begin(staff, draft)
    assert "No look at this step yet" in text(staff.get(RELEASES))
    looked(requests=20)
    live = text(staff.get(f"{RELEASES}live/"))
    assert "20 of 50 requests" in live
    assert "not over 1 point lower" in live
    assert f"{MINUS}2.4 points" in live
    said = text(staff.get(f"{RELEASES}live/said/"))
    assert "of the users; all guardrails hold. Router release 1 is live for everybody." in said
    held = post(staff, f"{RELEASES}catalogue/by-steps/pause/", reason="lunch")
    assert messages_of(held) == ["catalogue release 2: held."]
    assert "Go on by the plan…" in text(held)
    looked(state="broken")
    page = text(staff.get(RELEASES))
    assert f"By itself at 5 %: {SAID['broken']}" in page
    assert "rolled back</span>" in page
    assert staff.get(f"{RELEASES}catalogue/by-steps/pause/").status_code == 404


def test_whoever_moved_the_release_meanwhile_is_said_at_once(staff: Client, draft: int) -> None:
    begin(staff, draft)
    post(staff, f"{RELEASES}catalogue/promote/", reason="it is good")
    page = text(staff.get(RELEASES))
    assert "Ended by staff, who made live release 2 for everybody: it is good" in page
    assert "Hold here…" not in page


def test_who_may_only_look_moves_nothing(staff: Client, draft: int) -> None:
    begin(staff, draft)
    clerk = some_staff("view_rollout")
    assert "Hold here…" not in text(clerk.get(RELEASES))
    assert clerk.get(f"{RELEASES}catalogue/by-steps/advance/").status_code == 403
