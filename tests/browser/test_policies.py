"""Policies and preferences in a real browser: added, edited, refused and chosen as a person does it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.stack import Stack

pytestmark = pytest.mark.xdist_group("stack")
ADD, LIST = "/admin/autorouter/policy/add/", "/admin/autorouter/policy/"
GPT, LUNA = "openai:gpt-6.1-sol", "openai:gpt-6-luna"


@pytest.fixture
def nobody_else_follows(stack: Stack) -> Iterator[None]:
    """What these tests made counts for no request afterwards."""
    yield
    empty = {"preferred_providers": [], "blocked_providers": [], "reason": "as before"}
    assert stack.call("/api/preferences", empty, method="PATCH")[0] == 200


def write(page: Page, *models: str, reason: str = "a browser's try") -> None:
    """Fill in the models and the reason, and save."""
    page.fill("#id_model_ids", "\n".join(models))
    page.fill("#id_reason", reason)
    page.click("button[name=_save]")


def versions(stack: Stack, name: str) -> list[tuple[int, bool, list[str]]]:
    query = "SELECT version, is_active, model_ids FROM autorouter_policy WHERE name = %s ORDER BY version"
    return [(version, is_active, models) for version, is_active, models in stack.rows(query, name)]


def test_a_policy_is_added_edited_into_its_next_version_and_a_refused_order_is_not_shown_as_in_use(
    stack: Stack, page: Page
) -> None:
    page.goto(ADD)
    page.fill("#id_name", "tried")
    page.fill("#id_title", "Tried in a browser")
    write(page, GPT, LUNA)
    expect(page.get_by_text("was added")).to_be_visible()
    page.goto(f"{LIST}?q=tried")
    page.get_by_role("link", name="tried", exact=True).click()
    expect(page.locator(".rh-order li")).to_have_text([GPT, LUNA])
    write(page, "no:such")
    expect(page.get_by_text("There is no model 'no:such' in the catalogue.")).to_be_visible()
    expect(page.locator(".rh-order li")).to_have_text([GPT, LUNA])
    expect(page.locator("#id_model_ids")).to_have_value("no:such")
    write(page, LUNA, GPT)
    expect(page.get_by_text("was changed")).to_be_visible()
    assert versions(stack, "tried") == [(1, False, [GPT, LUNA]), (2, True, [LUNA, GPT])]
    page.goto(f"{LIST}?q=tried&is_active__exact=1")
    page.check("input[name=_selected_action]")
    page.select_option("select[name=action]", "deactivate")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("tried v2 is not active any more.")).to_be_visible()


@pytest.mark.usefixtures("nobody_else_follows")
def test_preferred_and_blocked_providers_are_chosen_from_the_list(stack: Stack, page: Page) -> None:
    page.goto("/admin/autorouter/preferences/add/")
    for field, typed in (("preferred_providers", "anthr"), ("blocked_providers", "mistr")):
        box = page.locator(f"#id_{field} + .select2 .select2-search__field")
        box.click()
        page.keyboard.type(typed)
        expect(page.locator(".select2-results__option")).to_have_count(1)
        page.keyboard.press("Enter")
    expect(page.locator("#id_preferred_providers")).to_have_values([re.compile("anthropic")])
    page.locator("#id_user + .select2").click()
    page.locator(".select2-results__option", has_text="admin").click()
    page.click("button[name=_save]")
    expect(page.get_by_text("was added")).to_be_visible()
    query = "SELECT preferred_providers, blocked_providers FROM autorouter_preferences ORDER BY id DESC LIMIT 1"
    assert stack.rows(query) == [(["anthropic"], ["mistral"])]


@pytest.mark.usefixtures("nobody_else_follows")
def test_somebody_blocks_a_provider_in_the_console_and_sees_before_what_it_would_do(stack: Stack, page: Page) -> None:
    stack.manage("set_member", "--account=default", "--user=admin", "--role=owner", "--reason=a place in the console")
    page.goto("/console/preferences/")
    page.get_by_label("Find a provider").fill("mistr")
    wish = page.get_by_role("radiogroup", name="Mistral")
    expect(page.locator(".providers li:visible")).to_have_count(1)
    wish.get_by_label("Allow").focus()
    page.keyboard.press("ArrowRight")
    expect(wish.get_by_label("Block")).to_be_checked()
    expect(page.get_by_text("Not saved: providers")).to_be_visible()
    page.get_by_role("button", name="Add a rule").click()
    expect(wish.get_by_label("Block")).to_be_checked()
    page.get_by_role("button", name="Remove the rule").click()
    page.get_by_role("button", name="Save…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Blocked: + Mistral")).to_be_visible()
    dialog.get_by_label("Reason").fill("no contract with them")
    dialog.get_by_role("button", name=re.compile("^Save")).click()
    expect(page.get_by_text("Saved. It counts from the next request on.")).to_be_visible()
    saved = stack.call("/api/preferences")[1]
    assert (saved["blocked_providers"], saved["rules"]) == (["mistral"], [])
