"""The lists of tables: numbers to the right, moments as they are told, and on a phone two lines for a row."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.contrib.admin.utils import display_for_value, lookup_field
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db.models import BooleanField, DateTimeField, DecimalField, FloatField, IntegerField
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from routerhub.templatetags.formats import ago, figure

register = template.Library()
FIGURES = (IntegerField, DecimalField, FloatField)


@register.simple_tag
def placed(cl: Any, results: Sequence[Any], headers: Sequence[dict[str, Any]]) -> list[tuple[Any, list[SafeString]]]:
    """The rows of a list with their cells, each with the classes of its column; the headers get those of theirs, too."""
    kinds = {name: _kind(cl, name) for name in map(str, cl.list_display)}
    places = _places(cl, kinds)
    for name, header in zip(kinds, headers, strict=True):
        header["class_attrib"] = mark_safe(f"{header['class_attrib']} rh-k-{kinds[name]}")  # noqa: S308 - names of ours
    return [(result, list(_cells(cl, result, kinds, places))) for result in results]


def _cells(cl: Any, result: Any, kinds: Mapping[str, str], places: Mapping[str, str]) -> Iterator[SafeString]:
    names = iter(kinds)
    for cell in result:
        name = next(names, "")
        kind = kinds.get(name, "text")
        told = _told(cl, result.instance, name, cell) if kind in {"figure", "moment"} else cell
        classes = f' class="rh-k-{kind} {places.get(name, "rh-rest")} '
        yield mark_safe(told.replace(' class="', classes, 1))  # noqa: S308 - what was escaped already, and names of ours


def _told(cl: Any, row: Any, name: str, cell: str) -> str:
    """A cell with its moment or number as the one formatter tells it; what is neither stays."""
    try:
        _, _, value = lookup_field(name, row, cl.model_admin)
    except ObjectDoesNotExist:
        return cell
    if isinstance(value, datetime):
        told: str = ago(value)
    elif isinstance(value, int | float | Decimal):
        told = figure(value)
    else:
        return cell
    before = conditional_escape(display_for_value(value, ""))
    return cell.replace(f">{before}<", f">{told}<", 1)


def _kind(cl: Any, name: str) -> str:
    """What a column holds: the row's name or other words, a figure, a moment, or a state."""
    if name == "action_checkbox":
        return "check"
    if name in cl.model_admin.figures:
        return "figure"
    try:
        field = cl.opts.get_field(name)
    except FieldDoesNotExist:
        own = getattr(cl.model_admin, name, None)
        return "moment" if name in cl.model_admin.moments else "state" if hasattr(own, "label") else "text"
    if isinstance(field, BooleanField) or field.choices:
        return "state"
    is_figure = isinstance(field, FIGURES) and not field.is_relation and not field.primary_key
    return "figure" if is_figure else "moment" if isinstance(field, DateTimeField) else "text"


def _places(cl: Any, kinds: Mapping[str, str]) -> dict[str, str]:
    """Where four columns stand on a phone: what and its figure, then a detail and the time or state."""
    names = [name for name in kinds if name != "action_checkbox"]
    chosen = list(cl.model_admin.on_phone) or _chosen(names, kinds)
    return {name: f"rh-m{number}" for number, name in enumerate(chosen, 1)} | {"action_checkbox": "rh-m0"}


def _chosen(names: Sequence[str], kinds: Mapping[str, str]) -> list[str]:
    what, *rest = names
    chosen = [what]
    for wanted in (("figure", "state"), ("text", "state", "figure"), ("moment", "state", "figure", "text")):
        found = next((name for kind in wanted for name in rest if kinds[name] == kind and name not in chosen), "")
        chosen.append(found)
    return chosen
