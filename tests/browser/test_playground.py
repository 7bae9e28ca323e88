"""The playground and the catalogue in a real browser: typed, decided, sent and watched, and nothing in anybody's way."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.stack import Stack

pytestmark = pytest.mark.xdist_group("stack")
PROMPT = "Write a Python function that merges overlapping date ranges, keep it typed."
WIDTHS = (1400, 400)
GRAVE = {"serious", "critical"}


@pytest.fixture
def in_account(stack: Stack) -> None:
    """The administrator owns an account, and so has a place in the console."""
    stack.manage("create_api_key", "--create-account", "--account=console", "--owner=admin", "--name=console")


def grave(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found if each["impact"] in GRAVE]


def hits(page: Page) -> list[str]:
    """What stands in somebody's way at either width, or makes the page scroll sideways."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 1000})
        found += [f"{width}: {each}" for each in grave(page)]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"{width}: too wide")
    return found


@pytest.mark.usefixtures("in_account")
def test_a_prompt_is_decided_while_it_is_typed_then_sent_and_watched(stack: Stack, page: Page) -> None:
    page.goto("/console/playground/")
    page.fill("#prompt", PROMPT)
    first = page.locator(".cand.first .id")
    expect(first).to_be_visible()
    balanced = first.inner_text()
    page.locator(".compose .seg label", has_text="Cost").click()
    expect(page.locator(".says")).to_contain_text(f"would answer instead of {balanced}")
    chosen = first.inner_text()
    page.click("#compare")
    page.locator("#prompt").press("Control+Enter")
    answers = page.locator(".answer")
    expect(answers).to_have_count(2)
    expect(answers.first.locator("[data-state]")).to_contain_text("answered", timeout=15_000)
    expect(answers.first.locator("h3")).to_have_text(chosen)
    expect(answers.nth(1).locator("h3")).to_have_text(balanced)
    expect(answers.first.locator("[data-cost]")).to_contain_text("$")
    link = answers.first.get_by_role("link", name="Open the request").get_attribute("href") or ""
    query = """SELECT r.model, r.priority, k.name FROM analytics_record r JOIN budgets_apikey k ON k.id = r.key_id
               WHERE operation_id = %s"""
    assert stack.rows(query, link.split("/")[-2]) == [(chosen, "cost", "Playground")]
    assert hits(page) == []
    page.goto("/console/models/?search=gpt-6")
    page.check("input[value='openai:gpt-6-luna']")
    page.check("input[value='openai:gpt-6.1-sol']")
    page.get_by_role("button", name="Compare what is ticked").click()
    expect(page.locator(".drow")).to_have_count(9)
    assert hits(page) == []
    page.get_by_role("link", name="openai:gpt-6-luna").click()
    expect(page.get_by_role("heading", name="openai:gpt-6-luna")).to_be_visible()
    assert hits(page) == []
