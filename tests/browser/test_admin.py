"""The admin in a real browser, against the real server."""

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.chromium import IN_BROWSER
from tests.stack import Stack, eventually

pytestmark = IN_BROWSER
Scheme = Literal["light", "dark"]
SCREENS: tuple[tuple[int, Scheme], ...] = ((1400, "light"), (400, "dark"))


def test_staff_change_the_stickiness_bonus_and_the_next_request_goes_by_it(stack: Stack, page: Page) -> None:
    def stickiness() -> float:
        constraints = {"previous_model": "openai:gpt-6.1-sol", "candidates": ["openai:gpt-6.1-sol"], "dry_run": True}
        terms = stack.chat(routerhub=constraints)[1]["routerhub"]["candidates"][0]["terms"]
        return float(terms["stickiness"])

    for value, reason in (("11", "a browser's reason"), ("25", "back to the default")):
        page.goto("/admin/autorouter/routerconfiguration/1/change/")
        page.fill("#id_stickiness_bonus", value)
        page.fill("[name=reason]", reason)
        page.click("#save_button")
        eventually(lambda value=value: all(stickiness() == float(value) for _ in range(4)), within_s=2)
    page.goto("/admin/autorouter/routerconfiguration/1/history/")
    expect(page.get_by_text("a browser's reason")).to_be_visible()
    expect(page.get_by_text("admin", exact=True).first).to_be_visible()


def test_a_score_of_101_is_told_beside_the_field(page: Page) -> None:
    page.goto("/admin/autorouter/profile/?q=openai:gpt-6.1-sol")
    page.get_by_role("link", name="openai:gpt-6.1-sol", exact=True).click()
    page.fill("#id_scores-0-value", "101")
    page.fill("#id_reason", "too much")
    page.evaluate("document.querySelectorAll('form').forEach(form => form.noValidate = true)")
    page.click("button[name=_save]")
    expect(page.get_by_text("A score is 0 to 100.")).to_be_visible()


def test_a_request_is_found_and_explained(stack: Stack, page: Page) -> None:
    metadata = stack.chat(model="openai:gpt-6.1-sol")[1]["routerhub"]
    page.goto(f"/admin/analytics/record/{metadata['operation_id']}/change/")
    expect(page.get_by_text("openai:gpt-6.1-sol was asked for by name")).to_be_visible()
    expect(page.locator(".rh-bar").first).to_be_visible()


def test_a_new_key_shows_how_each_client_uses_it_on_any_screen(page: Page) -> None:
    page.goto("/admin/budgets/apikey/add/")
    page.select_option("#id_account", label="Default")
    page.fill("#id_name", "laptop")
    expect(page.get_by_label("Call models")).to_be_checked()
    page.get_by_label("Read routing decisions").uncheck()
    page.click("button[name=_save]")
    expect(page.get_by_text("it is not shown again")).to_be_visible()
    page.get_by_text("Use it").click()
    expect(page.get_by_text("ANTHROPIC_AUTH_TOKEN")).to_be_visible()
    expect(page.get_by_text("wire_api")).to_be_visible()
    for width in (1400, 400):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1400, 400])
@pytest.mark.parametrize(
    "path",
    [
        "/admin/",
        "/admin/models_registry/model/",
        "/admin/analytics/record/",
        "/admin/budgets/limit/",
        "/admin/releases/",
        "/accounts/2fa/",
    ],
)
def test_no_page_is_wider_than_the_screen(page: Page, path: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_model_is_found_by_keys_and_the_shell_is_read_on_any_screen(page: Page) -> None:
    page.goto("/admin/inbox/")
    page.keyboard.press("Control+k")
    page.get_by_placeholder("Type to search").press_sequentially("gpt-5-nano")
    expect(page.get_by_role("link", name="openai:gpt-5-nano")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="openai:gpt-5-nano")).to_be_visible()
    found_at = page.url
    for width, scheme in SCREENS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        for path in (found_at, "/admin/models_registry/model/", "/admin/inbox/", "/admin/changes/"):
            page.goto(path)
            found = Axe().run(page).response["violations"]
            assert [(path, each["id"], each["nodes"][0]["html"]) for each in found] == []


def test_what_is_deleted_with_a_reason_is_found_among_the_changes_and_brought_back(page: Page) -> None:
    page.goto("/admin/autorouter/tasktype/add/")
    page.fill("#id_name", "dream")
    page.fill("#id_policy", "ops")
    page.click("button[name=_save]")
    page.get_by_role("row", name="dream").get_by_role("checkbox").check()
    page.select_option("select[name=action]", "delete_selected")
    page.get_by_role("button", name="Run").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.evaluate("document.querySelectorAll('form').forEach(form => form.noValidate = true)")
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("Say why: it is kept in the history")).to_be_visible()
    page.fill("[name=reason]", "nobody dreams")
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("row", name="dream")).to_have_count(0)
    page.goto("/admin/changes/?table=tasktype&kind=deleted")
    page.get_by_text("nobody dreams").click()
    page.get_by_role("link", name="look at this version, restore it").first.click()
    expect(page.get_by_role("heading", name="Restoring it now")).to_be_visible()
    expect(page.get_by_role("cell", name="dream").last).to_be_visible()
    page.fill("[name=reason]", "somebody does")
    page.get_by_role("button", name="Bring it back").click()
    expect(page.get_by_text("Restored: task type dream")).to_be_visible()
