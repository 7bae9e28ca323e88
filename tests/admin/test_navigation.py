"""The sidebar: each link is called what its page is called, and who may not open a page does not see its link."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory
from django.utils.html import strip_tags

from routerhub import navigation
from routerhub.audit.pages import ADDRESSES
from tests.admin.answers import text
from tests.admin.people import some_staff
from tests.cast import Cast

TARGETS = [target for _, words in navigation.SECTIONS for *_, targets in words for target in targets]
REACHED_FROM = {
    "autorouter.routerconfiguration": "the page Tuning shows it",
    "export": "the page Import and export", "import": "the page Import and export",
    "dashboard": "the list of dashboards", "forecast": "the page Forecasts",
    "import_progress": "the page of an import", "decision": "a request",
    "version": "the page Changes",
    "analytics.body": "a request", "experiments.importedoutcome": "the page Outcome files",
    **dict.fromkeys(("experiment", "new_experiment", "edit_experiment"), "the page Experiments"),
    "billing_file": "a billing record", "export_file": "the page Exports", "exports_progress": "the page Exports",
    **dict.fromkeys(
        ("request_beside", "requests_newest", "requests_words", "requests_export", "requests_views"), "the page Requests"
    ),
    **dict.fromkeys(
        (
            "release_difference", "roll_out", "promote", "roll_back", "turn_on", "turn_off", "name_release", "releases_live",
            "releases_said", "download_release", "upload_release", "move_rollout",
        ), "the page Releases",
    ),
}  # fmt: skip
"""What stands in no sidebar, and from where one comes to it."""
OWN_WORDS = {
    "budgets.apikey": ("API keys",), "budgets.billingrecord": ("Billing records",), "sync_prices": ("Sync prices",),
    "budgets.alertchannel": ("Alert channels",),
}  # fmt: skip
"""Pages with a longer word of their own."""


def sections(client: Client, address: str = "/admin/") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(address).context["sidebar_navigation"]
    return found


def words(client: Client) -> dict[str, list[str]]:
    """The words of the sidebar by section, as the first page has them."""
    return {str(each["title"]): [str(item["title"]) for item in each["items"]] for each in sections(client)}


def tabs(client: Client, address: str) -> dict[str, list[str]]:
    """The tabs of the word that is marked on a page, by the word, with a star at the one that is shown."""
    marked = [item for each in sections(client, address) for item in each["items"] if item["active"]]
    return {item["title"]: [f"{tab['title']}{'*' * tab['active']}" for tab in item["tabs"]] for item in marked}


def heading(page: str) -> str:
    (found,) = re.findall(r"<h1.*?</h1>", page, re.DOTALL)
    words = re.sub(r"\s+", " ", strip_tags(found.replace("chevron_right", " > "))).strip()
    return re.sub(r" \d+ results?.*", "", words)


def title(page: str) -> str:
    found = re.search(r"<title>(.*?)</title>", page, re.DOTALL)
    assert found
    return re.sub(r"\s+", " ", found.group(1)).strip()


@pytest.mark.parametrize("target", TARGETS)
def test_a_page_is_called_what_the_sidebar_or_its_tab_calls_it(staff: Client, target: str) -> None:
    address = navigation._link(target)
    answer = staff.get(address)
    ((word, shown),) = (
        (word, tab) for word, found in tabs(staff, address).items() for tab in found if tab.endswith("*")
    )
    called = word if target in navigation.WORDS else shown.rstrip("*")
    page = text(answer)
    assert heading(page) in {called, *OWN_WORDS.get(target, ())}
    assert title(page) == f"{heading(page)} | RouterHub"
    assert page.count("<main") == 1


def test_the_words_are_these(staff: Client) -> None:
    assert words(staff) == {
        "Home": ["Overview", "Inbox"],
        "Observe": ["Requests", "Sessions", "Usage and cost", "Performance", "Classification"],
        "Routing": ["Tuning", "Score matrix", "Policies", "Preferences"],
        "Improve": ["Backtest", "Experiments", "Proposals"],
        "Catalogue": ["Models", "Providers", "Prices"],
        "Budgets": ["Accounts", "Keys", "Limits", "Alerts", "Billing", "Ledger"],
        "Rollout and audit": ["Releases", "Switches", "Changes"],
        "People": ["Users"],
    }


def test_a_word_has_a_tab_for_each_of_its_pages(staff: Client) -> None:
    prices = "/admin/models_registry/price/"
    assert tabs(staff, prices) == {"Prices": ["All*", "Waiting", "Sync", "Import and export"]}
    assert tabs(staff, f"{prices}?waits=yes") == {"Prices": ["All", "Waiting*", "Sync", "Import and export"]}
    assert tabs(staff, "/admin/prices/sync/") == {"Prices": ["All", "Waiting", "Sync*", "Import and export"]}
    assert tabs(staff, f"{prices}add/") == tabs(staff, prices)
    assert tabs(staff, "/admin/autorouter/tasktype/") == {
        "Policies": ["Policies", "Task types*", "Policy shifts", "Policy bands"]
    }


def test_the_section_of_the_page_that_is_shown_is_open(staff: Client) -> None:
    def folded(address: str) -> set[str]:
        return {each["title"] for each in sections(staff, address) if not each["is_open"]}

    assert folded("/admin/") == {"Catalogue", "Budgets", "People"}
    assert folded("/admin/models_registry/provider/") == {"Budgets", "People"}


def test_every_table_and_every_page_is_in_the_sidebar_or_reached_from_one_that_is() -> None:
    tables = {model._meta.label_lower for model in admin.site._registry}
    pages = {each.name for each in ADDRESSES}
    shown = {target.partition("?")[0] for target in TARGETS}
    assert (tables | pages) - shown == REACHED_FROM.keys()


def test_who_may_see_little_sees_few_links(cast: Cast) -> None:
    assert words(some_staff("view_model", "view_rollout")) == {
        "Home": ["Overview"], "Catalogue": ["Models"], "Rollout and audit": ["Releases", "Switches", "Changes"],
    }  # fmt: skip


def test_a_section_without_a_link_is_left_out(cast: Cast) -> None:
    request: Any = RequestFactory().get("/admin/")
    request.user = cast.cy.user
    assert [section["title"] for section in navigation.sidebar(request)] == ["Home"]


def test_a_row_stands_below_the_word_of_its_table(staff: Client) -> None:
    page = text(staff.get("/admin/models_registry/model/?q=openai:gpt-5-nano"))
    address = re.search(r"/admin/models_registry/model/\d+/view/", page)
    assert address
    assert heading(text(staff.get(address.group()))) == "Models > openai:gpt-5-nano"
