"""How the catalogue's figures look on its pages."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from models_registry.models import Deployment, Price
from models_registry.prices.quarantine import plain

WIDTH, HEIGHT, EDGE = 640, 150, 8
"""The price chart's size in its own units."""
MIN_SHOWN = timedelta(days=90)
LINES = ("input", "output", "cache_read")
WAITING = "_waiting_prices"


def waiting_link(words: str) -> SafeString:
    """A link to the prices that wait for approval."""
    address = reverse("admin:models_registry_price_changelist")
    return format_html('<a class="rh-link" href="{}?waits=yes">{}</a>', address, words)


class TellsOfWaitingPrices:
    """A page on which prices are added: one in doubt does not count yet, which is told in place of a success."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)  # type: ignore[misc]
        saved = [form.instance, *(row for formset in formsets for row in formset.new_objects)]
        setattr(request, WAITING, [row for row in saved if isinstance(row, Price) and row.waits_because])

    def message_user(self, request: HttpRequest, message: Any, level: int = messages.INFO, **options: Any) -> None:
        if waiting := getattr(request, WAITING, []):
            level, found = messages.WARNING, "; ".join(row.waits_because for row in waiting)
            message = format_html("Saved. The price {}: {}", waiting_link("waits for approval"), found)
        super().message_user(request, message, level, **options)  # type: ignore[misc]


def tokens(count: int) -> str:
    """128000 as 128K, 1048576 as 1M."""
    if count >= 1_000_000:
        return f"{count / 1_000_000:.3g}M"
    return f"{count / 1_000:.3g}K" if count >= 1_000 else str(count)


def badges(words: Iterable[str]) -> SafeString:
    badge = '<span class="rh-badge">{}</span>'
    return format_html('<span class="rh-badges">{}</span>', format_html_join("", badge, ((word,) for word in words)))


def price_now(prices: Iterable[Price]) -> Price | None:
    """The one in force; `prices` are oldest first."""
    now = datetime.now(UTC)
    in_force = [price for price in prices if not price.waits_because and price.effective_from <= now]
    return in_force[-1] if in_force else None


def price_history(deployments: Sequence[Deployment]) -> SafeString:
    """A step chart and a table for each deployment, the newest price first."""
    now = datetime.now(UTC)
    shown = [{"deployment": each, **_charted(list(each.prices.all()), now)} for each in deployments]
    return render_to_string(
        "models_registry/prices.html", {"shown": shown, "width": WIDTH, "height": HEIGHT, "now": now}
    )


def _charted(prices: list[Price], now: datetime) -> dict[str, Any]:
    counted = [price for price in prices if not price.waits_because]
    waiting = [price for price in prices if price.waits_because]
    rows = list(reversed(counted))
    if not counted:
        return {"rows": rows, "waiting": waiting, "lines": [], "highest": None}
    last = max(now, counted[-1].effective_from)
    # A price that has always been in force would squeeze every later change to the edge.
    begin = min(counted[1].effective_from if len(counted) > 1 else last, last - MIN_SHOWN)
    first = max(counted[0].effective_from, begin - (last - begin) / 5)
    highest = max(value for price in counted for name in LINES if (value := getattr(price, name)) is not None)
    lines = [{"name": name, "points": _steps(counted, name, (first, last), highest)} for name in LINES]
    return {
        "rows": rows, "waiting": waiting, "lines": [line for line in lines if line["points"]], "highest": plain(highest),
        "first": first, "last": last,
        "today": _x(now, (first, last)) if last > now else None,
    }  # fmt: skip


def _steps(prices: Sequence[Price], name: str, span: tuple[datetime, datetime], highest: Decimal) -> str:
    """The points of a line that jumps where a price begins."""
    points: list[tuple[float, float]] = []
    for price in prices:
        value = getattr(price, name)
        if value is None:
            continue
        y = HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * float(value / highest if highest else 0)
        x = _x(max(price.effective_from, span[0]), span)
        points += [(x, points[-1][1])] if points else []
        points.append((x, y))
    points += [(float(WIDTH), points[-1][1])] if points else []
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _x(moment: datetime, span: tuple[datetime, datetime]) -> float:
    first, last = span
    return WIDTH * ((moment - first) / (last - first)) if last > first else 0.0
