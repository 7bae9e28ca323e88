"""The sidebar: each link is called what its page is called, and who may not open a page does not see its link."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils.html import strip_tags

from routerhub import navigation
from routerhub.audit.pages import ADDRESSES
from tests.admin.answers import text
from tests.admin.people import some_staff
from tests.cast import Cast

TARGETS = [target for _, links in navigation.SECTIONS for _, target in links]
REACHED_FROM = {
    "autorouter.routerconfiguration": "the page Tuning shows it",
    "export": "the page Import and export", "import": "the page Import and export",
    "dashboard": "the list of dashboards", "forecast": "the page Forecasts",
    "import_progress": "the page of an import", "decision": "a request",
    "version": "the page Changes",
    "analytics.body": "a request",
    "billing_file": "a billing record", "export_file": "the page Exports", "exports_progress": "the page Exports",
    **dict.fromkeys(
        ("request_beside", "requests_newest", "requests_words", "requests_export", "requests_views"), "the page Requests"
    ),
    **dict.fromkeys(("experiment", "new_experiment", "edit_experiment"), "the page A/B tests"),
    **dict.fromkeys(("release_difference", "roll_out", "promote", "roll_back", "turn_on", "turn_off"), "the page Releases"),
}  # fmt: skip
"""What stands in no sidebar, and from where one comes to it."""


def links(client: Client) -> dict[str, str]:
    """The titles of the sidebar by address, as the first page has them."""
    sections = client.get("/admin/").context["sidebar_navigation"]
    return {str(item["link"]): str(item["title"]) for section in sections for item in section["items"]}


def heading(page: str) -> str:
    (found,) = re.findall(r"<h1.*?</h1>", page, re.DOTALL)
    words = re.sub(r"\s+", " ", strip_tags(found.replace("chevron_right", " > "))).strip()
    return re.sub(r" \d+ results?.*", "", words)


def title(page: str) -> str:
    found = re.search(r"<title>(.*?)</title>", page, re.DOTALL)
    assert found
    return re.sub(r"\s+", " ", found.group(1)).strip()


@pytest.mark.parametrize("target", TARGETS)
def test_a_link_is_called_what_its_page_is_called(staff: Client, target: str) -> None:
    name = f"{target.replace('.', '_')}_changelist" if "." in target else target
    address = reverse(f"admin:{name}")
    word = links(staff)[address]
    page = text(staff.get(address))
    assert heading(page) == word
    assert title(page) == f"{word} | RouterHub"


def test_the_words_are_these(staff: Client) -> None:
    assert list(links(staff).values()) == [
        "Overview", "Requests", "Sessions", "Usage and cost", "Performance", "Dashboards", "Selections", "Feedback", "Exports",
        "Batches", "Files", "Kept items", "Prunings", "Tuning", "Score matrix", "Profiles", "Policies", "Task types",
        "Preferences", "Opportunities", "Backtest", "A/B tests", "Proposals", "Learning rounds", "Policy shifts", "Policy bands",
        "Models",
        "Deployments", "Circuits",
        "Prices", "Providers", "Provider keys", "Sync prices",
        "Import and export", "Accounts", "API keys", "Limits", "Shares of limits", "Forecasts", "Counters", "Holds", "Ledger",
        "Costs", "Credit",
        "Billing records", "Close months", "Reconciliation", "Alerts now",
        "Alerts", "Spend alerts", "Alert channels", "Deliveries", "Releases",
        "Audit log", "Changes", "Users", "Memberships", "Invitations", "Groups",
    ]  # fmt: skip


def test_every_table_and_every_page_is_in_the_sidebar_or_reached_from_one_that_is() -> None:
    tables = {model._meta.label_lower for model in admin.site._registry}
    pages = {each.name for each in ADDRESSES}
    assert (tables | pages) - set(TARGETS) == REACHED_FROM.keys()


def test_who_may_see_little_sees_few_links(cast: Cast) -> None:
    assert list(links(some_staff("view_model", "view_rollout")).values()) == [
        "Overview",
        "Models",
        "Releases",
        "Changes",
    ]


def test_a_section_without_a_link_is_left_out(cast: Cast) -> None:
    request: Any = RequestFactory().get("/admin/")
    request.user = cast.cy.user
    assert [section["title"] for section in navigation.sidebar(request)] == ["Home"]


def test_a_row_stands_below_the_word_of_its_table(staff: Client) -> None:
    page = text(staff.get("/admin/models_registry/model/?q=openai:gpt-5-nano"))
    address = re.search(r"/admin/models_registry/model/\d+/change/", page)
    assert address
    assert heading(text(staff.get(address.group()))) == "Models > openai:gpt-5-nano"
