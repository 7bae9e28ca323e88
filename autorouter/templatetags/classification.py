"""What a request is about, on pages: what the words mean, how sure they are, and who says so."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from autorouter.classification import telling
from autorouter.classification.definitions import CATEGORY_DEFINITIONS, COMPLEXITY_DEFINITIONS
from autorouter.types import Category, Task

register = template.Library()
MAX_SHARES = 4
DEFINITIONS: Mapping[str, str] = {
    **{name: f"asks to {words}" for name, words in CATEGORY_DEFINITIONS.items()},
    **{name: f"a task that {words}" for name, words in COMPLEXITY_DEFINITIONS.items()},
}


@register.filter
def definition(word: str) -> str:
    """What a category or complexity means; empty of another word."""
    return DEFINITIONS.get(word, "")


@register.filter
def defined(word: str) -> SafeString | str:
    """The word with its definition on hover."""
    told = DEFINITIONS.get(word)
    return format_html('<abbr class="defined" title="{}">{}</abbr>', told, word) if told else word


@register.inclusion_tag("autorouter/definitions.html")
def definitions() -> dict[str, Any]:
    """All of them, folded up, for a page that names them."""
    return {"groups": [("Category", CATEGORY_DEFINITIONS.items()), ("Complexity", COMPLEXITY_DEFINITIONS.items())]}


@register.inclusion_tag("autorouter/sureness.html")
def sureness(confidence: float | None, second: Category | None = None) -> dict[str, Any]:
    """A bar with its figure and word; nothing where nobody says how likely the category is."""
    if confidence is None:
        return {}
    return {"share": f"{confidence:.2f}", "word": telling.sureness(confidence), "second": second}


@register.filter
def is_unsure(confidence: float | None) -> bool:
    return confidence is not None and telling.sureness(confidence) == "unsure"


@register.inclusion_tag("autorouter/read.html")
def read(task: Task | None) -> dict[str, Any]:
    """Who took a request for what, with what else it may be; nothing of vectors."""
    if task is None or not (why := telling.sentence(task)):
        return {}
    worth = [(name, share) for name, share in task.likely if share >= telling.MENTIONED]
    return {"task": task, "why": why, "shares": [(name, f"{share:.2f}") for name, share in worth[:MAX_SHARES]]}
