"""The README's pictures, of a demonstration: `.venv/bin/python -m tests.browser.pictures`.

Starts a stack of its own, fills it with `seed_demo` and writes docs/images/. With --url it takes those of a site that runs
already (`--password` is its administrator's). --folder, --narrow and --dark are for whoever looks at pages while building them.
"""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
import django

django.setup()

from playwright.sync_api import Page, ViewportSize, sync_playwright  # noqa: E402 - after the settings were set up

from tests.browser.chromium import ARGUMENTS, CHROMIUM  # noqa: E402
from tests.stack import ADMIN_PASSWORD, ROOT, running_stack  # noqa: E402

PAGES = {
    "overview": "/admin/", "usage": "/admin/usage/", "performance": "/admin/performance/", "requests": "/admin/analytics/record/",
    "audit": "/admin/audit/",
}  # fmt: skip
"""By the picture's name. The one of a request, admin.png, is the first of the list that a model answered; console.png is the home
of a member of the demonstration's largest account."""
SHOWN = "demo-northwind"
WIDE, NARROW = ViewportSize(width=1400, height=1000), ViewportSize(width=400, height=900)


@contextmanager
def site(url: str, password: str) -> Iterator[tuple[str, str]]:
    """Address and password of a site with a demonstration."""
    if url:
        yield url, password
        return
    with running_stack(processes=1) as stack:
        stack.clerk.run(["seed_demo"])
        stack.clerk.run(["set_member", "--account", SHOWN, "--user", "admin", "--role", "owner"])
        stack.clerk.run(["audit", "seal"])
        stack.clerk.run(["audit", "verify"])
        yield stack.url, ADMIN_PASSWORD


def sign_in(page: Page, password: str) -> None:
    page.goto("/admin/")
    page.fill("input[name=login]", "admin")
    page.fill("input[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_url("**/admin/**")


def take(page: Page, folder: Path, ending: str) -> None:
    for name, path in PAGES.items():
        answer = page.goto(path)
        if answer is None or answer.status != 200:
            print(f"{path} is {answer and answer.status}: no picture")
            continue
        page.wait_for_load_state("networkidle")
        page.screenshot(path=folder / f"{name}{ending}.png")
    page.goto(f"{PAGES['requests']}?outcome=success")
    shown = page.locator("tr[data-id]").first.get_attribute("data-id")
    page.goto(f"{PAGES['requests']}{shown}/change/")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=folder / f"admin{ending}.png")
    page.goto("/console/")
    if page.locator("#accounts").count():
        page.evaluate("document.getElementById('accounts').showPopover()")
        page.locator("#accounts button", has_text="Northwind").click()
    page.wait_for_load_state("networkidle")
    page.screenshot(path=folder / f"console{ending}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="")
    parser.add_argument("--password", default=ADMIN_PASSWORD)
    parser.add_argument("--folder", type=Path, default=ROOT / "docs" / "images")
    parser.add_argument("--narrow", action="store_true")
    parser.add_argument("--dark", action="store_true")
    given = parser.parse_args()
    ending = f"{'-narrow' if given.narrow else ''}{'-dark' if given.dark else ''}"
    with site(given.url, given.password) as (url, password), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(
            base_url=url, viewport=NARROW if given.narrow else WIDE, color_scheme="dark" if given.dark else "light"
        )
        sign_in(page, password)
        take(page, given.folder, ending)
        browser.close()


if __name__ == "__main__":
    main()
