"""Pages of figures in a real browser: read by keys and by screen readers, on a desk and on a phone, in light and in dark."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.chromium import IN_BROWSER
from tests.stack import Stack

pytestmark = IN_BROWSER
PAGES = {
    "/admin/usage/": "requests cost", "/admin/performance/": "requests cost",
    "/admin/classification/": "prompts the table read 100",
}  # fmt: skip
"""With what their sentences say."""
SCREENS = ((1400, "light"), (400, "dark"))


def test_figures_are_read_on_any_screen_and_a_dashboard_is_composed_of_them(stack: Stack, page: Page) -> None:
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    key = stack.new_key("--account=figures")
    for text in ("Write a function that adds two numbers", "What is the capital of France?"):
        assert stack.chat(key, messages=[{"role": "user", "content": text}])[0] == 200
    stack.manage("roll_up")
    for width, theme in SCREENS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        for path, said in PAGES.items():
            page.goto(path)
            expect(page.locator(".lead")).to_contain_text(said)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            found = Axe().run(page).response["violations"]
            assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    assert hosts == {stack.url.split("/")[2]}

    page.set_viewport_size({"width": 1400, "height": 900})
    page.goto("/admin/usage/")
    chart = page.locator(".plot").first
    chart.focus()
    chart.press("End")
    expect(chart.get_by_role("status")).to_contain_text("$")
    page.get_by_role("button", name="by model").click()
    page.get_by_role("link", name="provider", exact=True).click()
    expect(page.get_by_role("heading", name="Spend by provider")).to_be_visible()
    page.get_by_role("link", name="Save this view").click()
    page.fill("#id_name", "Of providers")
    page.get_by_role("button", name="Remove tile 1", exact=True).press("Enter")
    page.get_by_role("button", name="Move down tile 1", exact=True).press("Enter")
    page.get_by_role("button", name="Add a tile").click()
    page.locator(".composed li").last.get_by_label("Shows").select_option("errors")
    page.click("button[name=_save]")
    page.get_by_role("row", name="Of providers").get_by_role("link", name="Open").click()
    expect(page.locator("main h2").first).to_have_text("Spend by provider")
    expect(page.get_by_role("heading", name="Kinds of errors")).to_be_visible()
