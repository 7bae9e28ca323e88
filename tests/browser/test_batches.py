"""Batches in the admin, in a real browser."""

import openai
from playwright.sync_api import Page, expect

from tests.browser.chromium import IN_BROWSER
from tests.stack import Stack

pytestmark = IN_BROWSER
LINE = b'{"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"input": "Hello"}}\n'


def test_staff_find_a_batch_in_the_sidebar_and_cancel_it(stack: Stack, page: Page) -> None:
    with openai.OpenAI(base_url=f"{stack.url}/v1", api_key=stack.key) as client:
        file = client.files.create(file=("in.jsonl", LINE), purpose="batch")
        made = client.batches.create(input_file_id=file.id, endpoint="/v1/embeddings", completion_window="24h")
    page.goto("/admin/")
    page.get_by_role("link", name="Requests").first.click()
    page.locator("a[href='/admin/batches/batch/']").first.click()
    row = page.get_by_role("row").filter(has_text=made.id)
    row.locator("input[name=_selected_action]").check()
    page.select_option("select[name=action]", "cancel_batches")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text(f"Being cancelled: {made.id}")).to_be_visible()
    expect(row.get_by_text("Cancelling")).to_be_visible()
    row.get_by_role("link", name=made.id).click()
    expect(page.get_by_text("/v1/embeddings").first).to_be_visible()
