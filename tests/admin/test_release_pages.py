"""Releases rolled out, promoted, rolled back and compared; switches turned. Each says before what it will change."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from routerhub.audit import versions
from routerhub.releases import rollout, store, switches
from routerhub.releases.types import Pointer
from tests.admin.answers import messages_of, post, text
from tests.admin.catalogue import GPT, rename
from tests.admin.people import some_staff
from tests.cast import Cast, because

RELEASES = "/admin/releases/"


def deed(client: Client, line: str, name: str, **fields: Any) -> Any:
    return post(client, f"{RELEASES}{line}/{name}/", **fields)


@pytest.fixture
def drafted(staff: Client) -> int:
    """A draft on the catalogue's line, live for nobody."""
    return store.draft("catalogue", lambda: rename("Drafted"), because("an idea"), "another name")


def test_a_release_is_rolled_out_promoted_and_rolled_back(staff: Client, cast: Cast, drafted: int) -> None:
    why = {"reason": "try it"}
    page = deed(staff, "catalogue", "roll-out", **why, release=drafted, percent=10)
    assert messages_of(page) == ["catalogue 2 is live for 10 %."]
    assert "live for 10 %" in text(page)
    assert rollout.pointers()["catalogue"] == Pointer(line="catalogue", stable=1, candidate=2, percent=10)
    assert messages_of(deed(staff, "catalogue", "promote", **why)) == ["catalogue 2 is live for all."]
    for release in ("1", "2", "0"):
        page = deed(staff, "catalogue", "roll-back", **why, release=release)
        assert messages_of(page) == [f"catalogue {release} is live for all."]
    version = versions.versions("rollout", limit=1)[0]
    assert (version.author, version.reason, version.ip) == ("staff", "try it", "127.0.0.1")


def test_a_draft_stands_in_the_history_with_its_fields_until_somebody_gets_it(staff: Client, drafted: int) -> None:
    page = text(staff.get("/admin/changes/?q=another+name"))
    assert "an idea" in page
    assert f"/admin/releases/catalogue/difference/?before={drafted - 1}&amp;after={drafted}" in page
    (entry,) = staff.get("/api/changes?table=draft&since=2020-01-01").json()["results"]
    assert (entry["kind"], entry["name"], entry["row"]) == ("added", f"catalogue {drafted}, another name", str(drafted))
    assert [each["after"] for each in entry["changes"]] == ["Drafted"]
    for nothing in (
        "author=ben",
        "kind=deleted",
        "q=no+such+words",
        "until=2020-01-01",
        "row=1&table=rollout&kind=deleted",
    ):
        assert (
            staff.get(f"/api/changes?table=draft&{nothing}".replace("table=draft&row", "row")).json()["results"] == []
        )
    assert some_staff("view_model").get("/api/changes?table=draft").status_code == 403
    rollout.roll_out("catalogue", drafted, 10, because("try it"))
    assert staff.get("/api/changes?table=draft").json()["results"] == []


def test_a_switch_is_turned_and_the_page_says_by_whom(staff: Client, file: Path) -> None:
    page = deed(staff, "router", "turn-off", reason="it decides badly")
    assert messages_of(page) == ["USE_DB_ROUTER_CONFIG is off."]
    assert "USE_DB_ROUTER_CONFIG off: release 0 decides" in text(page)
    assert "was last turned off by staff" in text(page)
    assert switches.read(file) == {"USE_DB_ROUTER_CONFIG": False}
    assert messages_of(deed(staff, "router", "turn-on", reason="mended")) == ["USE_DB_ROUTER_CONFIG is on."]
    on, off, *_ = versions.versions("rollout", "router", limit=2)
    assert (off.author, off.reason, off.ip) == ("staff", "it decides badly", "127.0.0.1")
    assert next((each.field, each.before, each.after) for each in on.changes) == ("switch", False, True)
    assert "it decides badly" in text(staff.get("/admin/changes/?table=rollout&row=router"))


@pytest.mark.parametrize(
    ("name", "fields", "problem"),
    [
        ("roll-back", {"release": "0"}, "Say why"),
        ("roll-back", {"reason": "x", "release": ""}, "Choose a release."),
        ("roll-back", {"reason": "x", "release": "9"}, "Line router has no release 9."),
        ("roll-back", {"reason": "x", "release": "nine"}, "Choose a release by its number."),
        ("roll-out", {"reason": "x", "release": "1", "percent": "0"}, "0 is not from 1 to 100."),
        ("roll-out", {"reason": "x", "release": "1", "percent": "150"}, "150 is not from 1 to 100."),
        ("roll-out", {"reason": "x", "release": "1", "percent": ""}, "Write for how many percent"),
        ("roll-out", {"reason": "x", "release": "", "percent": "10"}, "Choose a release."),
        ("promote", {"reason": "x"}, "Line router has no candidate"),
        ("turn-off", {"reason": " "}, "Say why"),
    ],
)
def test_a_bad_move_is_told_and_nothing_moves(
    staff: Client, file: Path, name: str, fields: dict[str, str], problem: str
) -> None:
    (refusal,) = messages_of(deed(staff, "router", name, **fields))
    assert refusal.startswith(problem)
    assert rollout.pointers()["router"] == Pointer(line="router", stable=1)
    assert switches.is_on("router")


def test_a_share_that_is_none_is_told_beside_its_field_before_anything_is_confirmed(staff: Client) -> None:
    page = text(staff.get(f"{RELEASES}router/roll-out/?release=1&percent=150"))
    assert "150 is not from 1 to 100." in page
    assert 'value="150"' in page
    assert "What will happen" not in page


def test_what_will_happen_is_said_before(staff: Client, drafted: int) -> None:
    page = text(staff.get(f"{RELEASES}catalogue/roll-out/?release={drafted}&percent=10"))
    assert "Roll out catalogue release 2, “another name”" in page
    assert (
        "10 % of the users get release 2 within a second, always the same ones; the others stay on release 1." in page
    )
    assert "1 value differs from release 1" in page
    assert rollout.pointers()["catalogue"] == Pointer(line="catalogue", stable=1), "a look changes nothing"


def test_releases_are_named_and_say_how_they_stand(staff: Client, drafted: int) -> None:
    rename("Ours")
    page = text(staff.get(RELEASES)).partition('id="line_router"')[0]
    rows = [row.partition("</tr>")[0] for row in page.split("<tr>")[2:]]
    for row, told in zip(
        rows,
        (("3", "live for all"), ("2", "another name", "draft"), ("1", "replaced"), ("0", "in the code")),
        strict=True,
    ):
        assert all(part in row for part in told), told


def test_a_line_that_there_is_not_has_no_page(staff: Client) -> None:
    for name in ("roll-out", "roll-back", "promote", "turn-off", "turn-on", "difference"):
        assert staff.get(f"{RELEASES}horses/{name}/").status_code == 404, name


def test_who_may_only_look_sees_no_button_and_no_confirmation(staff: Client) -> None:
    clerk = some_staff("view_rollout")
    assert "Turn USE_DB_MODELS off" not in text(clerk.get(RELEASES))
    assert clerk.get(f"{RELEASES}router/turn-off/").status_code == 403
    assert clerk.post(f"{RELEASES}router/turn-off/", {"reason": "x"}).status_code == 403


def test_two_releases_are_compared(staff: Client) -> None:
    rename("Ours")
    page = text(staff.get("/admin/releases/catalogue/difference/?after=2"))
    assert "1 value differs" in page
    assert f'title="models.{GPT}.name">{GPT}, name</th>' in page
    assert "<del>GPT-5</del></td>" in page
    assert "<ins>Ours</ins></td>" in page
    assert "0 values differ" in text(staff.get("/admin/releases/catalogue/difference/?before=0&after=1"))
    assert "Line catalogue has no release 9." in text(
        staff.get("/admin/releases/catalogue/difference/?before=9&after=1")
    )
