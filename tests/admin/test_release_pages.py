"""Releases rolled out, promoted, rolled back and compared; switches turned."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from routerhub.audit import versions
from routerhub.releases import rollout, store, switches
from routerhub.releases.types import Pointer
from tests.admin.answers import messages_of, post, text
from tests.admin.catalogue import GPT, rename
from tests.cast import Cast, because

RELEASES = "/admin/releases/"


def test_a_release_is_rolled_out_promoted_and_rolled_back(staff: Client, cast: Cast, file: Path) -> None:
    draft = store.draft("catalogue", lambda: rename("Drafted"), because("an idea"))
    sent: dict[str, Any] = {"line": "catalogue", "reason": "try it"}
    page = post(staff, RELEASES, **sent, action="roll_out", release=draft, percent=10)
    assert messages_of(page) == ["catalogue 2 is live for 10 %."]
    assert "release 2 for 10 %" in text(page)
    assert rollout.pointers()["catalogue"] == Pointer(line="catalogue", stable=1, candidate=2, percent=10)
    assert messages_of(post(staff, RELEASES, **sent, action="promote")) == ["catalogue 2 is live for all."]
    assert messages_of(post(staff, RELEASES, **sent, action="rollback", release="")) == ["catalogue 1 is live for all."]
    assert messages_of(post(staff, RELEASES, **sent, action="rollback", release="2")) == [
        "catalogue 2 is live for all."
    ]
    assert messages_of(post(staff, RELEASES, **sent, action="rollback", release="0")) == [
        "catalogue 0 is live for all."
    ]
    version = versions.versions("rollout", limit=1)[0]
    assert (version.author, version.reason, version.ip) == ("staff", "try it", "127.0.0.1")


def test_a_switch_is_turned_and_the_page_says_by_whom(staff: Client, file: Path) -> None:
    sent = {"line": "router", "reason": "it decides badly"}
    page = post(staff, RELEASES, **sent, action="off")
    assert messages_of(page) == ["USE_DB_ROUTER_CONFIG is off."]
    assert "USE_DB_ROUTER_CONFIG is off: release 0 decides" in text(page)
    assert "was last turned off by staff" in text(page)
    assert switches.read(file) == {"USE_DB_ROUTER_CONFIG": False}
    assert messages_of(post(staff, RELEASES, **sent, action="on")) == ["USE_DB_ROUTER_CONFIG is on."]
    version = versions.versions("rollout", "router", limit=1)[0]
    assert (version.author, version.reason, version.ip) == ("staff", "it decides badly", "127.0.0.1")
    assert next((each.field, each.before, each.after) for each in version.changes) == ("switch", False, True)
    assert "it decides badly" in text(staff.get("/admin/changes/?table=rollout&row=router"))


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"action": "rollback"}, "Say why"),
        ({"action": "rollback", "reason": "x", "release": "9"}, "Line router has no release 9."),
        ({"action": "rollback", "reason": "x", "release": "nine"}, "Choose a release by its number."),
        ({"action": "roll_out", "reason": "x", "release": "1", "percent": "0"}, "0 is not from 1 to 100."),
        ({"action": "roll_out", "reason": "x", "release": "1", "percent": ""}, "Write for how many percent."),
        ({"action": "roll_out", "reason": "x", "release": "", "percent": "10"}, "Choose the release to roll out."),
        ({"reason": "x"}, "'' is not an action of this page."),
        ({"action": "promote", "reason": "x"}, "Line router has no candidate"),
        ({"action": "explode", "reason": "x"}, "'explode' is not an action of this page."),
        ({"action": "promote", "reason": "x", "line": "horses"}, "There is no line 'horses'."),
    ],
)
def test_a_bad_move_is_told_and_nothing_moves(staff: Client, fields: dict[str, str], problem: str) -> None:
    (refusal,) = messages_of(post(staff, RELEASES, **{"line": "router", **fields}))
    assert refusal.startswith(problem)
    assert rollout.pointers()["router"] == Pointer(line="router", stable=1)


def test_what_was_typed_stays_beside_what_is_wrong_with_it(staff: Client) -> None:
    sent = {"line": "router", "action": "roll_out", "release": "1", "percent": "500", "reason": "all of them and more"}
    page = text(post(staff, RELEASES, **sent))
    catalogue, router = page.split('<input type="hidden" name="line" value="router"')
    for shown in (
        'value="500"',
        'value="all of them and more"',
        '<option value="1" selected>',
        "500 is not from 1 to 100.",
    ):
        assert shown in router, shown
        assert shown not in catalogue.split('name="line" value="catalogue"')[1], "the other line's form is as it was"


def test_two_releases_are_compared(staff: Client) -> None:
    rename("Ours")
    page = text(staff.get("/admin/releases/catalogue/difference/?after=2"))
    assert "1 value differs" in page
    assert f"<td>models.{GPT}.name</td><td><del>GPT-5</del></td><td><ins>Ours</ins></td>" in page
    assert "0 values differ" in text(staff.get("/admin/releases/catalogue/difference/?before=0&after=1"))
    assert "Line catalogue has no release 9." in text(
        staff.get("/admin/releases/catalogue/difference/?before=9&after=1")
    )


def test_a_line_that_there_is_not_has_no_difference_page(staff: Client) -> None:
    assert staff.get("/admin/releases/horses/difference/").status_code in {302, 404}
