"""The sidebar of the admin. A link is called what its page is called: by its table's name, or by its own title."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst

from routerhub.audit.pages import ADDRESSES, StaffPage

SECTIONS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("Home", (("dashboard", "index"),)),
    ("Observe", (
        ("receipt_long", "analytics.record"), ("forum", "autorouter.session"), ("bar_chart", "usage"), ("speed", "performance"),
        ("space_dashboard", "analytics.dashboard"), ("alt_route", "analytics.selection"),
        ("thumbs_up_down", "analytics.feedback"), ("download", "exports"), ("stacks", "batches.batch"),
        ("description", "storage.file"), ("inventory_2", "storage.item"),
        ("delete_sweep", "analytics.pruning"),
    )),
    ("Routing", (
        ("tune", "tuning"), ("grid_on", "scores"), ("leaderboard", "autorouter.profile"), ("rule", "autorouter.policy"),
        ("label", "autorouter.tasktype"), ("person_heart", "autorouter.preferences"),
    )),
    ("Improve", (
        ("savings", "opportunities"), ("history_toggle_off", "backtest"), ("science", "experiments"),
        ("lightbulb", "experiments.proposal"),
        ("school", "experiments.learninground"), ("swap_vert", "autorouter.policyshift"), ("balance", "analytics.policyband"),
    )),
    ("Catalogue", (
        ("deployed_code", "models_registry.model"), ("lan", "models_registry.deployment"),
        ("electric_bolt", "models_registry.circuit"),
        ("sell", "models_registry.price"), ("dns", "models_registry.provider"), ("vpn_key", "models_registry.providerkey"),
        ("sync", "sync_prices"),
        ("swap_vert", "imports"),
    )),
    ("Budgets", (
        ("corporate_fare", "budgets.account"), ("key", "budgets.apikey"), ("speed", "budgets.limit"), ("call_split", "shares"),
        ("trending_up", "forecasts"),
        ("calculate", "budgets.counter"), ("hourglass_top", "budgets.hold"), ("menu_book", "budgets.ledgerentry"),
        ("payments", "costs"), ("undo", "credit"), ("request_quote", "budgets.billingrecord"),
        ("event_available", "close_months"), ("balance", "reconciliation"),
    )),
    ("Alerts", (
        ("notifications", "alerts"), ("notification_important", "budgets.alert"), ("savings", "budgets.alertrule"),
        ("alternate_email", "budgets.alertchannel"), ("outgoing_mail", "budgets.delivery"),
    )),
    ("Rollout and audit", (("new_releases", "releases"), ("manage_search", "audit"), ("history", "changes"))),
    ("People", (
        ("person", "auth.user"), ("badge", "budgets.membership"), ("mail", "budgets.invitation"), ("group", "auth.group"),
    )),
)  # fmt: skip
"""Each section with its links: an icon, and a table ("app.model") or the name of a page."""


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """What unfold draws: the links that one may open; a section without one is left out."""
    sections = [
        {"title": title, "items": [item for icon, target in links if (item := _item(request, icon, target))]}
        for title, links in SECTIONS
    ]
    return [section for section in sections if section["items"]]


def _item(request: HttpRequest, icon: str, target: str) -> dict[str, Any] | None:
    if "." in target:
        return _table(request, icon, target)
    page = None if target == "index" else _page(target)
    if page and not page.may_see(request.user):
        return None
    return {"title": page.title if page else admin.site.index_title, "icon": icon, "link": reverse(f"admin:{target}")}


def _table(request: HttpRequest, icon: str, label: str) -> dict[str, Any] | None:
    model = apps.get_model(label)
    if not admin.site._registry[model].has_view_permission(request):
        return None
    link = reverse(f"admin:{label.replace('.', '_')}_changelist")
    return {"title": capfirst(str(model._meta.verbose_name_plural)), "icon": icon, "link": link}


def _page(name: str) -> type[StaffPage]:
    view: Any = next(each.view for each in ADDRESSES if each.name == name)
    page: type[StaffPage] = view.view_class
    return page
