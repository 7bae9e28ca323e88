"""Prices and files brought into the catalogue by clicks in a real browser, against the real server."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import IN_BROWSER
from tests.stack import Stack

pytestmark = IN_BROWSER
SYNC, IMPORTS = "/admin/prices/sync/", "/admin/imports/"
GPT = "openai:gpt-5"
PRICE = {
    "model": GPT, "provider": "openai", "effective_from": "2026-11-20T00:00:00Z", "input": "1.5", "output": "10",
    "source": "a test", "dated": "2026-11-20", "reason": "dearer than the list says",
}  # fmt: skip
WORK = "from models_registry.transfer import importing; importing.work_all()"


@pytest.fixture
def page(page: Page) -> Page:
    page.goto(IMPORTS)
    expect(page.get_by_role("button", name="Check the file")).to_be_visible()
    return page


@pytest.fixture
def restored(stack: Stack) -> Iterator[None]:
    """The catalogue is as before afterwards."""
    (number,) = stack.rows("SELECT stable FROM releases_rollout WHERE line = 'catalogue'")[0]
    yield
    body = {"action": "rollback", "release": number, "reason": "as before the test"}
    status, answer = stack.call("/api/rollouts/catalogue", body)
    assert status == 200, answer


def choose(page: Page, name: str, content: str) -> None:
    """Take a file from the picker, and send it in."""
    with page.expect_file_chooser() as opened:
        page.locator("label", has=page.locator("#id_file")).click()
    opened.value.set_files({"name": name, "mimeType": "text/plain", "buffer": content.encode()})
    expect(page.locator("input[type=text][disabled]")).to_have_value(name)
    page.get_by_role("button", name="Check the file").click()


@pytest.mark.usefixtures("restored")
def test_a_file_is_chosen_checked_and_applied_with_a_reason(stack: Stack, page: Page) -> None:
    choose(page, "list.csv", f"id,name\n{GPT},Chosen by a click\n")
    expect(page.get_by_role("status")).to_have_text("Waiting for a worker ...")
    stack.manage("shell", "--no-imports", "-c", WORK)
    expect(page.get_by_text("Ready to apply")).to_be_visible()
    expect(page.locator("ins")).to_have_text("Chosen by a click")
    page.get_by_label("Reason").fill("by contract")
    page.get_by_role("button", name="Apply 1 change").click()
    expect(page.get_by_role("status")).to_be_visible()
    stack.manage("shell", "--no-imports", "-c", WORK)
    expect(page.get_by_text("Applied", exact=True)).to_be_visible()
    assert stack.call(f"/api/models/{GPT}")[1]["name"] == "Chosen by a click"


def test_a_file_with_an_error_names_its_line(stack: Stack, page: Page) -> None:
    choose(page, "wrong.csv", f"id,max_output\n\n{GPT},many\n")
    expect(page.get_by_role("status")).to_be_visible()
    stack.manage("shell", "--no-imports", "-c", WORK)
    expect(page.get_by_text("Nothing was saved. Fix these rows and upload the file again.")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_text(["3openai:gpt-5max_output'many': write a whole number."])


def changed(stack: Stack) -> Any:
    status, answer = stack.call("/api/prices/sync")
    assert status == 200, answer
    return [each for each in answer["changes"] if each["kind"] == "changed"]


@pytest.mark.usefixtures("restored")
def test_the_ticked_prices_are_counted_on_the_button_and_applied(stack: Stack, page: Page) -> None:
    status, answer = stack.call("/api/prices", PRICE)
    assert status == 201, answer
    (difference,) = changed(stack)
    page.goto(SYNC)
    apply = page.locator("#apply")
    expect(apply).to_be_disabled()
    page.get_by_role("checkbox", name="all").check()
    expect(apply).to_have_text("Apply 1 price change")
    page.get_by_role("checkbox", name="all").uncheck()
    expect(apply).to_be_disabled()
    page.locator("summary", has_text="New models").click()
    page.locator("details [name=key]:enabled").first.check()
    expect(apply).to_have_text("Add 1 model")
    page.locator("details [name=key]:enabled").first.uncheck()
    page.get_by_role("checkbox", name=difference["key"]).check()
    page.get_by_label("Reason").fill("as the list says")
    apply.click()
    expect(page.get_by_text("Applied 1 price change: none waits for approval.")).to_be_visible()
    expect(page.get_by_text("Every price agrees with genai-prices.")).to_be_visible()
    assert changed(stack) == []
