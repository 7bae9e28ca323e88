"""The page Requests in a real browser, by clicks and keys: filter, open a request, keep the view, export."""

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.chromium import IN_BROWSER
from tests.stack import Stack

pytestmark = IN_BROWSER
RULES = {"runOnly": ["wcag2a", "wcag2aa"], "rules": {"color-contrast": {"enabled": False}}}
"""The colours are the theme's and the sidebar's as well; they were looked at on pictures."""


def test_staff_filter_open_keep_and_export(stack: Stack, page: Page) -> None:
    key = stack.new_key("--account=requests")
    _filter_and_open(stack, page, key)
    _follow(stack, page, key)
    _keep_a_view(page)
    _export(stack, page)


def _filter_and_open(stack: Stack, page: Page, key: str) -> None:
    assert stack.chat(key)[0] == 200
    assert stack.chat(key, model="openai:gpt-6.1-sol")[0] == 200
    page.goto("/admin/")
    page.locator("a[href='/admin/analytics/record/']").first.click()
    page.get_by_text("Add a filter").click()
    expect(page.locator("#words-account option[value=requests]")).to_have_count(1)
    page.get_by_label("account", exact=True).fill("requests")
    page.get_by_label("account", exact=True).press("Enter")
    rows = page.locator("#rows tr")
    expect(rows).to_have_count(2)
    expect(page.get_by_label("The selection comes to")).to_contain_text("2 requests")
    rows.filter(has_text="gpt-6.1-sol").get_by_role("link").press("Enter")
    one = page.get_by_role("article")
    expect(one.get_by_text("was asked for by name")).to_be_visible()
    expect(one.get_by_role("heading", level=2)).to_be_focused()
    assert Axe().run(page, context="#requests", options=RULES).response["violations"] == []
    page.set_viewport_size({"width": 400, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    expect(one.get_by_role("button", name="All requests")).to_be_visible()
    page.keyboard.press("Escape")
    expect(one).to_be_hidden()
    expect(rows.filter(has_text="gpt-6.1-sol").get_by_role("link")).to_be_focused()
    page.set_viewport_size({"width": 1400, "height": 1000})


def _follow(stack: Stack, page: Page, key: str) -> None:
    page.get_by_role("button", name="Follow live").click()
    assert stack.chat(key)[0] == 200
    expect(page.get_by_text("1 new request: 1 answered.")).to_be_visible(timeout=9_000)
    expect(page.locator("#rows tr")).to_have_count(3)
    page.get_by_role("button", name="Pause").click()


def _keep_a_view(page: Page) -> None:
    page.locator("summary", has_text="Views").click()
    page.get_by_label("Save this view as").fill("Of one account")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved: Of one account.")).to_be_visible()
    page.goto("/admin/analytics/record/")
    page.locator("summary", has_text="Views").click()
    page.get_by_role("link", name="Of one account").click()
    expect(page.locator("#rows tr")).to_have_count(3)


def _export(stack: Stack, page: Page) -> None:
    page.locator("summary", has_text="Export…").click()
    with page.expect_download() as loading:
        page.get_by_role("link", name="CSV", exact=True).click()
    assert len(Path(loading.value.path()).read_text().splitlines()) == 4
    page.get_by_label("In the background, as").select_option("parquet")
    page.get_by_role("button", name="Write the file").click()
    expect(page.get_by_text("is being written")).to_be_visible()
    stack.manage("export_requests", "--wait")
    with page.expect_download() as loading:
        page.get_by_role("link", name=".parquet").click()
    assert Path(loading.value.path()).read_bytes()[:4] == b"PAR1"
