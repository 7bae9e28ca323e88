"""The sidebar of the admin, and the tabs of the pages that one word of it stands for. What one may not see is not listed."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst

from routerhub import inbox
from routerhub.audit.pages import ADDRESSES, StaffPage

SECTIONS: tuple[tuple[str, tuple[tuple[str, str, tuple[str, ...]], ...]], ...] = (
    ("Home", (
        ("dashboard", "Overview", ("index", "analytics.dashboard")),
        ("inbox", "Inbox", ("inbox",)),
    )),
    ("Observe", (
        ("receipt_long", "Requests", (
            "analytics.record", "analytics.selection", "analytics.feedback", "batches.batch", "storage.file", "storage.item",
            "exports", "analytics.pruning",
        )),
        ("forum", "Sessions", ("autorouter.session",)),
        ("bar_chart", "Usage and cost", ("usage", "costs")),
        ("speed", "Performance", ("performance",)),
        ("category", "Classification", ("classification",)),
    )),
    ("Routing", (
        ("tune", "Tuning", ("tuning",)),
        ("grid_on", "Score matrix", ("scores", "autorouter.profile")),
        ("rule", "Policies", (
            "autorouter.policy", "autorouter.tasktype", "autorouter.policyshift", "analytics.policyband",
        )),
        ("person_heart", "Preferences", ("autorouter.preferences",)),
    )),
    ("Improve", (
        ("history_toggle_off", "Backtest", ("backtest",)),
        ("science", "Experiments", ("experiments",)),
        ("lightbulb", "Proposals", ("experiments.proposal", "opportunities", "experiments.learninground", "outcomes")),
    )),
    ("Catalogue", (
        ("deployed_code", "Models", ("models_registry.model", "models_registry.deployment", "models_registry.circuit")),
        ("dns", "Providers", ("models_registry.provider", "models_registry.providerkey")),
        ("sell", "Prices", (
            "models_registry.price", "models_registry.price?waits=yes", "sync_prices", "imports",
        )),
    )),
    ("Budgets", (
        ("corporate_fare", "Accounts", ("budgets.account",)),
        ("key", "Keys", ("budgets.apikey",)),
        ("speed", "Limits", ("budgets.limit", "shares", "forecasts", "budgets.counter", "budgets.hold")),
        ("notifications", "Alerts", (
            "alerts", "budgets.alert", "budgets.alertrule", "budgets.alertchannel", "budgets.delivery",
        )),
        ("request_quote", "Billing", ("budgets.billingrecord", "close_months", "credit")),
        ("menu_book", "Ledger", ("budgets.ledgerentry", "reconciliation")),
    )),
    ("Rollout and audit", (
        ("new_releases", "Releases", ("releases",)),
        ("toggle_on", "Switches", ("switches",)),
        ("history", "Changes", ("changes", "audit")),
    )),
    ("People", (
        ("person", "Users", ("auth.user", "budgets.membership", "budgets.invitation", "auth.group")),
    )),
)  # fmt: skip
"""Each section with its words: an icon, the word and the pages that it stands for, the first of which it leads to. A page is a
table ("app.model"), one of its selections, or the name of a page. A word with several pages has a tab for each."""
WORDS = {
    "models_registry.price": "All", "models_registry.price?waits=yes": "Waiting", "sync_prices": "Sync",
    "alerts": "Now", "budgets.alert": "All", "budgets.billingrecord": "Records", "budgets.alertchannel": "Channels",
}  # fmt: skip
"""Tabs that are called otherwise than their pages, since the word of the sidebar says the rest."""
FOLDED = {"Catalogue", "Budgets", "People"}
"""Sections that are open only while one of their pages is shown, until somebody opens them."""


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """What the theme draws: the words that one may open, the one of this page marked; a section without a word is left out."""
    here = _here(request)
    sections = [
        {"title": title, "items": [found for word in words if (found := _item(request, *word, here))]}
        for title, words in SECTIONS
    ]
    return [{**each, "is_open": _is_open(each)} for each in sections if each["items"]]


def pages(request: HttpRequest) -> Iterator[tuple[str, str, str]]:
    """Every page that one may open, once: the word of the sidebar with its section, the page's own, and its address."""
    for section in sidebar(request):
        for item in section["items"]:
            for tab in item["tabs"]:
                yield f"{section['title']} · {item['title']}", tab["title"], tab["link"]


def _is_open(section: dict[str, Any]) -> bool:
    return section["title"] not in FOLDED or any(item["active"] for item in section["items"])


def _item(request: HttpRequest, icon: str, word: str, targets: tuple[str, ...], here: str) -> dict[str, Any] | None:
    """A word with its tabs; None where none of its pages may be opened."""
    tabs = [
        {"title": title, "link": _link(target), "active": target == here}
        for target in targets
        if (title := _title(request, target))
    ]
    if not tabs:
        return None
    item = {"title": word, "icon": icon, "link": tabs[0]["link"], "tabs": tabs, "active": here in targets}
    return item | ({"badge": str(count), "badge_variant": "warning"} if (count := _waiting(request, targets)) else {})


def _waiting(request: HttpRequest, targets: tuple[str, ...]) -> int:
    """How much waits for a person, on the page that shows it."""
    return sum(inbox.counted(request.user).values()) if "inbox" in targets else 0


def _here(request: HttpRequest) -> str:
    """The page, among those of the sidebar, that an address is on or below: the one that fits it longest."""
    fitting = [
        (len(path), len(query), target)
        for target in (target for _, words in SECTIONS for *_, targets in words for target in targets)
        for path, _, query in [_link(target).partition("?")]
        if _fits(request, path, query)
    ]
    return max(fitting, default=(0, 0, ""))[2]


def _fits(request: HttpRequest, path: str, query: str) -> bool:
    name, _, value = query.partition("=")
    is_below = request.path == path if path == reverse("admin:index") else request.path.startswith(path)
    return is_below and (not query or request.GET.get(name) == value)


def _link(target: str) -> str:
    table, _, query = target.partition("?")
    address = reverse(f"admin:{table.replace('.', '_')}_changelist" if "." in table else f"admin:{table}")
    return f"{address}?{query}" if query else address


def _title(request: HttpRequest, target: str) -> str:
    """What a page is called on its tab; empty where it may not be opened."""
    if "." in target:
        model = apps.get_model(target.partition("?")[0])
        may_see = admin.site._registry[model].has_view_permission(request)
        own = capfirst(str(model._meta.verbose_name_plural))
    elif target == "index":
        may_see, own = True, str(admin.site.index_title)
    else:
        page = _page(target)
        may_see, own = page.may_see(request.user), str(page.title)
    return WORDS.get(target, own) if may_see else ""


def _page(name: str) -> type[StaffPage]:
    view: Any = next(each.view for each in ADDRESSES if each.name == name)
    page: type[StaffPage] = view.view_class
    return page
