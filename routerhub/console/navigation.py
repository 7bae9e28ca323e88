"""The sidebar of the console. What one may not see is not listed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from budgets.alerts import showing

Text = str | Promise


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A page of the console."""

    name: str
    """Of its address."""
    icon: str
    word: Text
    right: str = ""
    """Without which it is not listed; empty: everybody's."""
    count: Callable[[Any], int] | None = None
    """How many things on it wait for the person, by its page."""


SECTIONS: tuple[tuple[Text, tuple[Link, ...]], ...] = (
    ("", (
        Link(name="console", icon="home", word=_("Home")),
        Link(name="console_playground", icon="play_circle", word=_("Playground")),
        Link(name="console_activity", icon="receipt_long", word=_("Activity"), right="analytics.view_record"),
        Link(name="console_analytics", icon="monitoring", word=_("Analytics"), right="analytics.view_record"),
    )),
    (_("Routing"), (
        Link(name="console_models", icon="deployed_code", word=_("Models"), right="models_registry.view_model"),
        Link(name="console_preferences", icon="tune", word=_("Preferences")),
        Link(name="console_tests", icon="science", word=_("A/B tests"), right="experiments.view_experiment"),
    )),
    (_("Spending"), (
        Link(
            name="console_alerts", icon="notifications", word=_("Alerts"), right="budgets.view_alert",
            count=lambda page: showing.open_alerts(page.request.user, page.account).count(),
        ),
        Link(name="console_keys", icon="key", word=_("Keys"), right="budgets.view_apikey"),
        Link(name="console_account", icon="domain", word=_("Account")),
    )),
)  # fmt: skip
"""Each section with its links; the first has no title."""


def sidebar(page: Any) -> list[dict[str, Any]]:
    """What the shell draws for a page, with how many things wait; a section without a link is left out."""
    found = [
        {"title": title, "links": [_link(page, link) for link in links if _is_open(page, link)]}
        for title, links in SECTIONS
    ]
    return [section for section in found if section["links"]]


def _is_open(page: Any, link: Link) -> bool:
    return not link.right or page.extent(link.right) is not None


def _link(page: Any, link: Link) -> dict[str, Any]:
    return {
        "url": reverse(link.name), "icon": link.icon, "word": link.word, "is_here": page.nav == link.name,
        "count": link.count(page) if link.count else 0,
    }  # fmt: skip
