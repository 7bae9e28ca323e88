"""The tuning page and the score matrix in a real browser, against the real server."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chromium import IN_BROWSER
from tests.stack import Stack, eventually

pytestmark = IN_BROWSER
TUNING = "/admin/tuning/"
MATRIX = "/admin/scores/"
MODEL = "openai:gpt-6.1-sol"


@pytest.fixture
def page(page: Page) -> Page:
    """The tuning page."""
    page.goto(TUNING)
    expect(page.locator("#preview_title")).to_be_visible()
    return page


@pytest.fixture
def traffic(stack: Stack) -> None:
    """At least one recorded request of which every model may be the answer."""
    operation = stack.chat()[1]["routerhub"]["operation_id"]
    eventually(lambda: stack.rows("SELECT 1 FROM analytics_record WHERE operation_id = %s", operation))


def cell(page: Page, model: str, dimension: str) -> Locator:
    return page.locator(f'.sm-cell[data-model="{model}"][data-dimension="{dimension}"]')


def counted(page: Page) -> int:
    """How many requests the preview says would go elsewhere."""
    line = page.locator(".tn-moved")
    expect(line).to_contain_text("would go elsewhere")
    return int(line.locator("strong").inner_text().replace(",", ""))


def stickiness(stack: Stack) -> float:
    constraints = {"previous_model": MODEL, "candidates": [MODEL], "dry_run": True}
    terms = stack.chat(routerhub=constraints)[1]["routerhub"]["candidates"][0]["terms"]
    return float(terms["stickiness"])


@pytest.mark.usefixtures("traffic")
def test_slider_and_field_follow_each_other_and_the_preview_follows_both(page: Page) -> None:
    knob = page.locator('[data-knob="weight_simple_cheap"]')
    number, slider, dot = knob.locator(".tn-number"), knob.locator("input[type=range]"), knob.locator(".tn-dot")
    expect(dot).to_be_hidden()
    slider.focus()
    page.keyboard.press("Home")
    expect(number).to_have_value("0")
    expect(dot).to_be_visible()
    assert counted(page) > 0
    expect(page.locator("#preview")).to_contain_text(re.compile(r"[\d,]+ replayed in \d+\.\d\d s"))
    expect(page.locator(".tn-flows li").first).to_contain_text("→")
    expect(page.locator("#changes")).to_contain_text("Weight of cheap when simple")
    number.fill("0.6")
    assert slider.input_value() == "0.6"
    expect(dot).to_be_hidden()
    expect(page.locator("#changes")).to_contain_text("Everything is as it is live.")


def test_a_wide_range_is_gone_through_in_growing_steps_and_reset_to_the_default(page: Page) -> None:
    knob = page.locator('[data-knob="long_context_threshold"]')
    number, slider, reset = knob.locator(".tn-number"), knob.locator("input[type=range]"), knob.locator(".tn-reset")
    expect(reset).to_be_disabled()
    slider.focus()
    page.keyboard.press("End")
    expect(number).to_have_value("10000000")
    page.keyboard.press("Home")
    expect(number).to_have_value("1000")
    reset.click()
    expect(number).to_have_value("128000")
    expect(reset).to_be_disabled()


def test_what_is_not_allowed_is_told_beside_the_field_and_is_not_sent(page: Page) -> None:
    page.fill("[name=cheap_below]", "7")
    beside = page.locator("#problem_cheap_below")
    expect(beside).to_have_text("7 is above where premium begins, 5.")
    expect(page.locator("#preview")).to_contain_text("No preview while a value is not allowed.")
    page.fill("[name=reason]", "try")
    page.click("#save_button")
    expect(page.locator("[name=cheap_below]")).to_be_focused()
    expect(page.locator("#changes")).to_contain_text("Cheap below")
    page.fill("[name=mid_below]", "8")
    expect(beside).to_be_empty()
    page.fill("[name=research_bonus]", "101")
    expect(page.locator("#problem_research_bonus")).to_have_text("Write a number from 0 to 100.")


@pytest.mark.usefixtures("traffic")
def test_speed_bonuses_are_added_and_removed_in_the_list(page: Page) -> None:
    rows = page.locator(".tn-bonuses .tn-bonus")
    before = rows.count()
    page.get_by_role("button", name="Add a pattern").click()
    page.keyboard.type("claude")
    rows.last.locator(".tn-number").fill("100")
    expect(rows.last.locator(".tn-matches")).to_contain_text("models")
    assert counted(page) > 0
    rows.last.get_by_role("button", name="Remove the pattern").click()
    expect(rows).to_have_count(before)
    expect(page.locator("#changes")).to_contain_text("Everything is as it is live.")


@pytest.mark.usefixtures("restored")
def test_saved_with_a_reason_it_is_live_in_the_gateway(stack: Stack, page: Page) -> None:
    assert stickiness(stack) == 25
    page.fill("[name=stickiness_bonus]", "12")
    page.click("#save_button")
    expect(page.locator("#save")).to_contain_text("Say why")
    page.fill("[name=reason]", "a try of the page")
    page.click("#save_button")
    expect(page.get_by_text(re.compile(r"Release \d+ is live for all\."))).to_be_visible()
    expect(page.locator("[name=stickiness_bonus]")).to_have_value("12")
    eventually(lambda: all(stickiness(stack) == 12 for _ in range(4)), within_s=2)


def test_saved_as_it_is_nothing_is_saved_and_the_page_says_so(stack: Stack, page: Page) -> None:
    counts = "SELECT (SELECT count(*) FROM releases_release), (SELECT count(*) FROM autorouter_historicalrouterconfiguration)"
    before = stack.rows(counts)
    page.fill("[name=reason]", "nothing in particular")
    page.click("#save_button")
    expect(page.get_by_text("Nothing differs from what is saved")).to_be_visible()
    assert stack.rows(counts) == before


def test_a_preview_that_fails_is_told_in_words(page: Page) -> None:
    page.context.clear_cookies()
    page.fill("[name=stickiness_bonus]", "12")
    expect(page.locator("#preview")).to_contain_text("You are signed out")


def test_the_matrix_is_moved_in_and_edited_with_the_keyboard(page: Page) -> None:
    page.goto(MATRIX)
    first = cell(page, MODEL, "coding")
    first.scroll_into_view_if_needed()
    first.click()
    expect(page.locator("#about")).to_contain_text("Arena text/coding")
    page.keyboard.press("ArrowRight")
    expect(cell(page, MODEL, "reasoning")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.type("101")
    page.keyboard.press("Enter")
    expect(page.locator("#about")).to_contain_text("Write a number from 0 to 100")
    page.keyboard.press("Escape")
    expect(page.locator("#save_button")).to_be_disabled()
    page.keyboard.type("1.5")
    page.keyboard.press("Tab")
    expect(first).to_have_text("1.5")
    expect(cell(page, MODEL, "reasoning")).to_be_focused()
    expect(page.locator("#save_button")).to_have_text("Save 1 score")
    counted(page)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Delete")
    expect(page.locator("#save_button")).to_be_disabled()


def test_the_matrix_is_filtered_and_sorted(page: Page) -> None:
    page.goto(MATRIX)
    shown = page.locator("#rows tr:visible")
    page.fill("#filter", "perplexity pro")
    expect(shown.locator("th")).to_contain_text(["sonar-pro", "sonar-reasoning-pro"])
    page.fill("#filter", "")
    page.select_option("#provider", "openai")
    models = shown.evaluate_all("rows => rows.map(row => row.dataset.model)")
    assert models
    assert all(model.startswith("openai:") for model in models)
    page.get_by_role("button", name="Coding", exact=True).click()
    values = shown.evaluate_all(
        "rows => rows.map(row => row.querySelector('[data-dimension=coding]').dataset.value).filter(Boolean).map(Number)"
    )
    assert values == sorted(values, reverse=True)
    assert values[0] > values[-1]
    expect(page.locator('th[aria-sort="descending"]')).to_have_text("Coding")


@pytest.mark.usefixtures("restored")
def test_edited_scores_are_saved_together_and_shown_with_their_source(page: Page) -> None:
    page.goto(MATRIX)
    for dimension, value in (("coding", "61.5"), ("quality", "62")):
        cell(page, MODEL, dimension).click()
        page.keyboard.type(value)
        page.keyboard.press("Enter")
    page.click("#save_button")
    expect(page.locator("#save")).to_contain_text("Say where the figures are from.")
    page.fill("[name=source]", "A browser's measure")
    page.fill("[name=dated]", "2026-11-20")
    page.check("[name=is_estimated]")
    page.fill("[name=reason]", "a try of the matrix")
    page.click("#save_button")
    expect(page.get_by_text(re.compile(r"2 scores saved\. Release \d+ is live for all\."))).to_be_visible()
    saved = cell(page, MODEL, "coding")
    expect(saved).to_have_text("61.5")
    saved.click()
    expect(page.locator("#about")).to_contain_text("61.5, an estimate, as of 2026-11-20")
    expect(page.locator("#about")).to_contain_text("A browser's measure")


@pytest.mark.parametrize("width", [1400, 400])
@pytest.mark.parametrize("path", [TUNING, MATRIX])
def test_no_page_is_wider_than_the_screen_with_a_preview_open(page: Page, path: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(path)
    if path == TUNING:
        page.fill("[name=weight_simple_cheap]", "0")
    else:
        cell(page, MODEL, "quality").click()
        page.keyboard.type("1")
        page.keyboard.press("Enter")
    counted(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.usefixtures("traffic")
def test_a_policys_page_shows_what_its_order_by_complexity_would_do_before_it_is_saved(page: Page) -> None:
    page.goto("/admin/autorouter/policy/?name=code&is_active__exact=1")
    page.get_by_role("link", name="code", exact=True).click()
    preview = page.locator("#preview")
    expect(preview).to_contain_text("shows here before anything is saved")
    page.locator("[name=orders_by_complexity]").press("Space")
    expect(preview).to_contain_text(re.compile(r"[\d,]+ replayed in \d+\.\d\d s"))
    expect(preview).to_contain_text("would go elsewhere")
    page.locator("[name=orders_by_complexity]").press("Space")
    expect(preview).to_contain_text("shows here before anything is saved")
