"""An A/B test in the console, in a real browser: started by clicks, seen running, declared."""

from playwright.sync_api import Page, expect

from tests.browser.chromium import IN_BROWSER
from tests.stack import Stack, eventually

pytestmark = IN_BROWSER
LOOK = "from experiments.tasks import look_at_tests; look_at_tests()"
RECORDED = "SELECT count(*), count(DISTINCT unit) FROM analytics_record WHERE variant IN ('a', 'b')"


def test_a_test_is_started_seen_running_and_declared(stack: Stack, page: Page) -> None:
    key = stack.new_key("--account=trials")
    stack.manage("set_member", "--account=trials", "--user=admin", "--role=admin")
    page.goto("/console/tests/")
    if (switcher := page.get_by_role("button", name="change account")).count():
        switcher.click()
        page.get_by_role("button", name="Trials", exact=True).click()
        page.goto("/console/tests/")
    page.get_by_role("link", name="Compare two variants").first.click()
    page.fill("#id_name", "Cheap ones first")
    page.select_option("#id_b", "tier cheap")
    page.click("button[value=start]")
    expect(page.get_by_text("Say why: it is kept in the history").first).to_be_visible()
    page.fill("#id_reason", "to spend less")
    page.click("button[value=start]")
    expect(page.get_by_text("No request yet.")).to_be_visible()
    expect(page.get_by_text("running", exact=True)).to_be_visible()

    def is_tested() -> bool:
        status, answer = stack.chat(key, routerhub={"session": "one"})
        assert status == 200
        return "experiment" in answer["routerhub"]

    eventually(is_tested)
    for number in range(8):
        assert stack.chat(key, routerhub={"session": f"talk {number}"})[0] == 200
    eventually(lambda: stack.rows(RECORDED)[0][1] == 9)
    stack.manage("shell", "--no-imports", "-c", LOOK)
    page.reload()
    expect(page.get_by_text("Sample ratio fits")).to_be_visible()
    expect(page.get_by_role("rowheader", name="Success", exact=True)).to_be_visible()
    for width in (400, 1400):
        page.set_viewport_size({"width": width, "height": 1000})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="Declare a winner").click()
    page.get_by_label("Neither").check()
    page.get_by_role("dialog").get_by_label("Reason").fill("too few requests")
    page.get_by_role("dialog").get_by_role("button", name="Declare a winner").click()
    expect(page.get_by_text("Declared: neither", exact=True)).to_be_visible()
    eventually(lambda: "experiment" not in stack.chat(key, routerhub={"session": "after"})[1]["routerhub"])
    stack.manage("set_member", "--account=trials", "--user=admin", "--remove")
