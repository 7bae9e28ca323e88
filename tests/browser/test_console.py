"""The console in a real browser, as a new user goes: make a key, call with it, and find why the request went where it did."""

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.chromium import IN_BROWSER
from tests.stack import Stack

pytestmark = IN_BROWSER
RULES = {"runOnly": ["wcag2a", "wcag2aa"]}


def check(page: Page) -> None:
    """At both widths: nothing that axe finds, and nothing that scrolls sideways."""
    for width in (1400, 400):
        page.set_viewport_size({"width": width, "height": 1000})
        found = Axe().run(page, options=RULES).response["violations"]
        assert [(each["id"], [node["target"] for node in each["nodes"]]) for each in found] == [], width
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 1400, "height": 1000})


def test_a_new_user_makes_a_key_calls_with_it_and_finds_why(stack: Stack, page: Page) -> None:
    stack.new_key("--account=newcomers")
    stack.manage("set_member", "--account=newcomers", "--user=admin", "--role=owner", "--reason=a new user")
    page.goto("/console/")
    page.locator("#accounts, .switcher").first.wait_for()
    if page.get_by_role("button", name="change account").count():
        page.get_by_role("button", name="change account").click()
        page.get_by_role("button", name="newcomers", exact=True).click()
    key = _made(page)
    assert stack.chat(key)[0] == 200
    operation = _found(page)
    check(page)
    page.keyboard.press("Control+k")
    page.keyboard.type(operation)
    expect(page.get_by_role("link", name=operation)).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("article").get_by_text(re.compile("suits a .* task best"))).to_be_visible()
    assert page.url.endswith(f"/console/activity/{operation}/")


def _made(page: Page) -> str:
    """A key, read off the curl line."""
    page.get_by_role("tabpanel").get_by_role("button", name="Make a key for this tool…").click()
    dialog = page.get_by_role("dialog", name="Make a key")
    dialog.locator("[name=name]").fill("laptop")
    dialog.get_by_role("button", name="Make the key").press("Enter")
    expect(page.get_by_text("it is not shown again")).to_be_visible()
    check(page)
    lines = page.get_by_label("Lines for curl").inner_text()
    page.get_by_role("tab", name="curl").press("ArrowRight")
    expect(page.get_by_label("Lines for openai")).to_be_visible()
    found = re.search(r"Bearer (rh_[\w-]+)", lines)
    assert found
    return found[1]


def _found(page: Page) -> str:
    """The request that was just made, opened from the list: its operation id."""
    page.get_by_role("link", name="Activity", exact=True).click()
    page.wait_for_url("**/console/activity/")
    page.wait_for_load_state()
    row = page.locator("#rows tr").first
    row.get_by_role("link").press("Enter")
    one = page.get_by_role("article")
    expect(one.get_by_role("heading", level=2)).to_be_focused()
    one.get_by_text("What would have made").click()
    expect(one.get_by_text("points short of")).to_be_visible()
    one.get_by_role("button", name="Good answer").click()
    expect(page.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
    return page.locator("#operation").inner_text()
