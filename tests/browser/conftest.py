import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, StorageState, expect, sync_playwright

from tests.browser.chromium import ARGUMENTS, CHROMIUM
from tests.stack import ADMIN_PASSWORD, Stack


def is_ours(told: ConsoleMessage) -> bool:
    """An error; but that an answer was a refusal, which the browser tells too, is for the test to judge."""
    return told.type == "error" and not re.search(r"status of 4\d\d", told.text)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for a module: it has an event loop under way, which tests of other modules would stumble over."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def logged_in(browser: Browser, stack: Stack) -> StorageState:
    """What a browser keeps of the administrator's login."""
    with browser.new_page(base_url=stack.url) as page:
        page.goto("/admin/")
        page.fill("input[name=login]", "admin")
        page.fill("input[name=password]", ADMIN_PASSWORD)
        page.click("button[type=submit]")
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        return page.context.storage_state()


@pytest.fixture(scope="module")
def context(browser: Browser, stack: Stack, logged_in: StorageState) -> Iterator[BrowserContext]:
    """The administrator's windows in a module: what one has fetched of styles and scripts, the next has too."""
    with browser.new_context(base_url=stack.url, storage_state=logged_in) as context:
        yield context


@pytest.fixture
def page(context: BrowserContext, logged_in: StorageState) -> Iterator[Page]:
    """A page with the administrator logged in. An error in a script, or one on the console, fails the test."""
    errors: list[str] = []
    context.clear_cookies()
    cookies: Any = logged_in["cookies"]
    context.add_cookies(cookies)
    page = context.new_page()
    page.set_viewport_size({"width": 1400, "height": 1000})
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda told: errors.append(told.text) if is_ours(told) else None)
    yield page
    page.close()
    assert errors == []


@pytest.fixture
def restored(stack: Stack) -> Iterator[None]:
    """The router's configuration and scores are as before afterwards."""
    (number,) = stack.rows("SELECT stable FROM releases_rollout WHERE line = 'router'")[0]
    yield
    body = {"action": "rollback", "release": number, "reason": "as before the test"}
    status, answer = stack.call("/api/rollouts/router", body)
    assert status == 200, answer
