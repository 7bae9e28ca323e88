"""Releases in a real browser: each deed is done by clicks, and says before what it will change."""

import itertools
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chromium import IN_BROWSER
from tests.stack import Stack

pytestmark = [*IN_BROWSER, pytest.mark.usefixtures("restored")]
RELEASES = "/admin/releases/"
POINTS = itertools.count(4)


def pointer(stack: Stack) -> tuple[int, int | None, int]:
    ((stable, candidate, percent),) = stack.rows(
        "SELECT stable, candidate, percent FROM releases_rollout WHERE line = 'router'"
    )
    return stable, candidate, percent


@pytest.fixture
def points() -> str:
    """Of the stickiness, such as no release has yet."""
    return str(next(POINTS))


@pytest.fixture
def draft(page: Page, stack: Stack, points: str) -> int:
    """A draft of the router, made on the tuning page."""
    page.goto("/admin/tuning/")
    page.fill("[name=stickiness_bonus]", points)
    page.fill("[name=reason]", "a browser's idea")
    page.get_by_role("radio", name="Draft").check()
    page.get_by_label("Name", exact=True).fill("less sticky")
    page.click("#save_button")
    expect(page.get_by_text("is a draft, live for nobody")).to_be_visible()
    ((number,),) = stack.rows("SELECT max(number) FROM releases_release WHERE line = 'router'")
    return int(number)


def router(page: Page) -> Locator:
    """The router's part of the page."""
    page.goto(RELEASES)
    return page.get_by_role("region", name="Router", exact=True)


def row(page: Page, number: int) -> Locator:
    """The router's release of that number."""
    found: Locator = router(page).get_by_role("row").filter(has=page.locator(f"th:text-matches('^{number}\\\\b')"))
    return found


def say_why_and(page: Page, deed: str) -> None:
    """Give the reason, and press the button that repeats the deed."""
    page.get_by_label("Reason").fill("a browser's reason")
    page.get_by_role("button", name=deed, exact=True).click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page).to_have_url(re.compile(f"{RELEASES}$"))


def roll_out(page: Page, number: int, percent: str) -> None:
    """Open the dialog of a release, and choose a share."""
    row(page, number).get_by_role("link", name="Roll out…").click()
    page.get_by_role("radio", name="For a share of the users").check()
    page.get_by_label("Percent of the users", exact=True).fill(percent)
    page.get_by_label("Percent of the users", exact=True).blur()


def test_a_draft_is_rolled_out_to_a_share_promoted_and_rolled_back(page: Page, stack: Stack, draft: int) -> None:
    stable, _, _ = pointer(stack)
    expect(row(page, draft)).to_contain_text("less sticky")
    expect(row(page, draft)).to_contain_text("draft")
    roll_out(page, draft, "10")
    expect(page.get_by_text(f"10 % of the users get release {draft} within a second")).to_be_visible()
    expect(page.get_by_text(f"1 value differs from release {stable}")).to_be_visible()
    assert pointer(stack) == (stable, None, 0), "nothing happens before it is confirmed"
    say_why_and(page, f"Roll out {draft} to 10 %")
    assert pointer(stack) == (stable, draft, 10)
    expect(row(page, draft)).to_contain_text("live for 10 %")

    router(page).get_by_role("link", name=f"Promote {draft}…").click()
    expect(
        page.get_by_text(f"Now 10 % of the users have release {draft}, the others release {stable}.")
    ).to_be_visible()
    say_why_and(page, f"Promote {draft} to everybody")
    assert pointer(stack) == (draft, None, 0)

    router(page).get_by_role("link", name=f"Roll back to {stable}…").click()
    expect(page.get_by_text(f"Everybody gets release {stable} within a second.")).to_be_visible()
    say_why_and(page, f"Roll back to {stable}")
    assert pointer(stack) == (stable, None, 0)


def test_a_release_goes_out_step_by_step_and_is_rolled_back_where_it_is_seen_live(
    page: Page, stack: Stack, draft: int
) -> None:
    stable, _, _ = pointer(stack)
    row(page, draft).get_by_role("link", name="Roll out…").click()
    expect(page.get_by_text("If a guardrail breaks")).to_be_visible()
    page.get_by_text("Steps and guardrails").click()
    page.get_by_label("Steps, percent of the users").fill("20, 100")
    page.get_by_label("Steps, percent of the users").blur()
    expect(page.get_by_text(f"20 % of the users get release {draft} within a second")).to_be_visible()
    say_why_and(page, f"Roll out {draft} step by step")
    assert pointer(stack) == (stable, draft, 20)
    expect(page.get_by_role("status").filter(has_text=f"Router release {draft} is live for")).to_be_visible()
    live = page.get_by_role("region", name=f"Router release {draft}")
    expect(live.get_by_role("listitem").filter(has_text="20 %")).to_have_attribute("aria-current", "step")
    live.get_by_role("link", name="Hold here…").click()
    say_why_and(page, "Hold at 20 %")
    expect(live).to_contain_text("held")
    live.get_by_role("link", name="Roll back…").click()
    expect(page.get_by_text(f"Everybody gets release {stable} within a second.")).to_be_visible()
    say_why_and(page, f"Roll back to {stable}")
    assert pointer(stack) == (stable, None, 0)
    expect(live).to_contain_text("Rolled back by hand at 20 %: a browser's reason")


def test_a_draft_is_opened_again_and_saved_as_the_next_one(page: Page, draft: int, points: str) -> None:
    row(page, draft).get_by_role("link", name="Open in tuning").click()
    expect(page.get_by_text(f"These are the values of release {draft}, less sticky")).to_be_visible()
    expect(page.locator("[name=stickiness_bonus]")).to_have_value(points)
    expect(page.locator("#changes")).to_contain_text("Stickiness")
    page.fill("[name=stickiness_bonus]", "90")
    page.fill("[name=reason]", "a little more")
    page.get_by_role("radio", name="Draft").check()
    page.get_by_label("Name", exact=True).fill("sticky again")
    page.click("#save_button")
    expect(page.get_by_text(f"Release {draft + 1} is a draft, live for nobody.")).to_be_visible()
    expect(row(page, draft + 1)).to_contain_text("sticky again")


def test_a_share_of_150_percent_is_told_beside_its_field(page: Page, draft: int) -> None:
    roll_out(page, draft, "150")
    expect(page.get_by_text("150 is not from 1 to 100.")).to_be_visible()
    expect(page.get_by_text("What will happen")).to_be_hidden()
    expect(page.get_by_label("Percent of the users", exact=True)).to_have_value("150")


def test_a_rollout_without_a_release_asks_for_one(page: Page) -> None:
    page.goto(f"{RELEASES}router/roll-out/")
    page.evaluate("document.querySelectorAll('form').forEach(form => form.noValidate = true)")
    page.get_by_role("button", name="Continue…").click()
    expect(page.get_by_text("Choose a release.")).to_be_visible()


def test_the_switch_is_turned_off_and_on_whatever_the_rest_of_the_page_holds(page: Page, stack: Stack) -> None:
    name = "USE_DB_ROUTER_CONFIG"
    router(page).get_by_role("link", name=f"Turn {name} off…").click()
    expect(
        page.get_by_text(f"Everybody gets release 0 (in the code) within a second, until {name} is on again")
    ).to_be_visible()
    page.get_by_role("link", name="Cancel").click()
    assert stack.call("/api/switches")[1]["router"] is True
    router(page).get_by_role("link", name=f"Turn {name} off…").click()
    try:
        say_why_and(page, f"Turn {name} off")
        expect(router(page)).to_contain_text(f"{name} off: release 0 decides")
    finally:
        router(page).get_by_role("link", name=f"Turn {name} on…").click()
        say_why_and(page, f"Turn {name} on")
    assert stack.call("/api/switches")[1]["router"] is True


@pytest.mark.parametrize("width", [1400, 400])
def test_a_phone_shows_a_release_in_two_lines_and_its_links_below(page: Page, draft: int, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    link = row(page, draft).get_by_role("link", name="Backtest")
    reason = row(page, draft).get_by_text("a browser's idea")
    expect(link).to_be_visible()
    height = link.bounding_box()["height"]  # type: ignore[index]
    assert height < 45, "the words stay on one line"
    box = reason.bounding_box()
    is_below = link.bounding_box()["y"] >= box["y"] + box["height"]  # type: ignore[index]
    assert is_below == (width == 400)
