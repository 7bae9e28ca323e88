"""The one formatter (budgets.formats, budgets.money, prices as the catalogue writes them) for templates."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from budgets import formats, money
from models_registry.prices.quarantine import rate

register = template.Library()


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """How long ago, or how soon, with the exact moment on hover."""
    if moment is None:
        return formats.NOTHING
    here = timezone.localtime(moment)
    told = formats.when(here, timezone.localtime())
    exact = f"{here:%Y-%m-%d %H:%M:%S %Z}"
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, told)


@register.filter
def price(value: Decimal | None) -> str:
    """USD per 1M tokens as it was given, with at least two decimals."""
    return formats.NOTHING if value is None else rate(value)


@register.filter
def dollars(nano: int | None) -> str:
    """An amount to look at."""
    return formats.NOTHING if nano is None else money.rounded(nano)


@register.filter
def figure(value: Any) -> str:
    """A number with its thousands parted."""
    return formats.NOTHING if value is None else f"{value:,}"
