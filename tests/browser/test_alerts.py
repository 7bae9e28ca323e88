"""Alerts in the admin, in a real browser: from a limit that is full to somebody who has it in hand."""

from playwright.sync_api import Page, expect

from tests.browser.chromium import IN_BROWSER
from tests.stack import Stack

pytestmark = IN_BROWSER


def test_a_full_limit_is_told_and_acknowledged(stack: Stack, page: Page) -> None:
    key = stack.new_key("--account=alerts")
    stack.manage("set_limit", "account", "alerts", "--measure=requests", "--period=day", "--amount=1",
                 "--reason=tried")  # fmt: skip
    page.goto("/admin/budgets/alertchannel/add/")
    page.select_option("#id_account", label="Alerts")
    page.fill("#id_name", "billing")
    page.select_option("#id_kind", label="Webhook")
    page.fill("#id_address", "http://127.0.0.1:9/in")
    page.click("button[name=_save]")
    expect(page.get_by_text("Allowed are those in ALERT_PRIVATE_NETWORKS: none.")).to_be_visible()
    page.fill("#id_address", "http://hooks.invalid/in")
    page.click("button[name=_save]")
    expect(page.get_by_text("whsec_")).to_be_visible()

    assert stack.chat(key)[0] == 200
    assert "alerts raised" in stack.manage("check_alerts")
    assert "tries made" in stack.manage("send_alerts")
    page.goto("/admin/alerts/")
    alert = page.get_by_role("article").filter(has_text="Account Alerts, daily limit: 1 of 1 requests, 100 %")
    message = page.get_by_role("row").filter(has_text="Account Alerts")
    expect(message.get_by_text("next try in")).to_be_visible()
    alert.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("Acknowledged: Account Alerts")).to_be_visible()
    expect(alert).to_have_count(0)
    for width in (1400, 400):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
