"""The sidebar of the console. What one may not see is not listed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

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
        Link(name="console_analytics", icon="monitoring", word=_("Analytics"), right="analytics.view_record"),
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
