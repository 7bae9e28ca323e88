"""Which models the page is asked for, and in which order: by its address alone, so that every view is a link."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from autorouter.types import CATEGORIES, COST_TIERS
from routerhub.console.catalogue.lines import TAKES, Line
from routerhub.gateway.protocols.openai_models import Asked, fits

MAX_COMPARED = 4
DEFAULT = "coding"
"""By which scores the list is sorted, where nobody says otherwise."""
UP_TO = ("0.5", "1", "2", "5", "10", "25")
"""Prices of output that may be the most, USD per 1M tokens."""
CONTEXTS = {"32000": "32k", "128000": "128k", "400000": "400k", "1000000": "1M"}
Key = Callable[[Line], Any]
SORTS: Mapping[str, Key] = {
    **{name: (lambda line, name=name: line.score(name)) for name in (*CATEGORIES, "quality")},  # type: ignore[misc]
    "input": lambda line: line.input_price,
    "output": lambda line: line.output_price,
    "speed": lambda line: line.tokens_per_second,
    "success": lambda line: line.success_share,
    "context": lambda line: line.model.context_window,
    "name": lambda line: line.id,
}
ASCENDING = frozenset({"input", "output", "name"})
"""The others have the greatest first. What is not known stands last."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chip:
    """A filter that is on: its words, and the address without it."""

    word: str | Promise
    value: str
    without: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What the address says. What it says wrongly is left out, and told."""

    query: QueryDict
    search: str
    provider: str
    takes: str
    tier: str
    max_output: str
    min_context: str
    sort: str
    compared: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def category(self) -> str:
        """Whose scores the list shows."""
        return self.sort if self.sort in CATEGORIES else DEFAULT

    @property
    def chips(self) -> list[Chip]:
        told = (
            ("search", _("says"), self.search), ("provider", _("provider is"), self.provider),
            ("takes", _("takes"), TAKES.get(self.takes, "")),  # type: ignore[call-overload]
            ("tier", _("tier is"), self.tier), ("max_output", _("output up to"), self.max_output and f"${self.max_output}"),
            ("min_context", _("context from"), CONTEXTS.get(self.min_context, "")),
        )  # fmt: skip
        return [Chip(word=word, value=value, without=self.link(**{name: None})) for name, word, value in told if value]

    def link(self, **changed: Any) -> str:
        """The address with other values; None takes one out."""
        query = self.query.copy()
        for name, value in changed.items():
            query.setlist(name, [] if value is None else value if isinstance(value, list) else [value])
        return f"?{query.urlencode()}"

    def holds(self, line: Line) -> bool:
        asked = Asked(
            words=tuple(self.search.lower().split()), provider=self.provider, capability=self.takes or None,  # type: ignore[arg-type]
            order="id", limit=None, offset=0,
        )  # fmt: skip
        return (
            fits(line.model, asked)
            and self.tier in {"", line.tier}
            and (not self.max_output or _at_most(line, self.max_output))
            and line.model.context_window >= int(self.min_context or 0)
        )

    def ordered(self, lines: Sequence[Line]) -> list[Line]:
        """As the address says; what is not known last, and of equal ones by name."""
        key = SORTS[self.sort]
        known = sorted((each for each in lines if key(each) is not None), key=lambda line: line.id)
        known.sort(key=key, reverse=self.sort not in ASCENDING)
        return [*known, *sorted((each for each in lines if key(each) is None), key=lambda line: line.id)]


def _at_most(line: Line, usd: str) -> bool:
    return line.output_price is not None and line.output_price <= Decimal(usd)


def wanted(query: QueryDict, providers: Sequence[str], names: Sequence[str]) -> Wanted:
    """Of the address's query; `names` are the models that there are."""
    allowed: Mapping[str, Sequence[str]] = {
        "provider": providers, "takes": list(TAKES), "tier": COST_TIERS, "max_output": UP_TO, "min_context": list(CONTEXTS),
        "sort": list(SORTS),
    }  # fmt: skip
    given = {name: query.get(name, "") for name in allowed}
    wrong = {name: value for name, value in given.items() if value and value not in allowed[name]}
    compared = [name for name in dict.fromkeys(query.getlist("compare")) if name in names]
    problems = [f"{name}: {value!r} is not one of {', '.join(allowed[name])}." for name, value in wrong.items()]
    if len(compared) > MAX_COMPARED:
        problems.append(f"compare: {len(compared)} models were given; at most {MAX_COMPARED} stand side by side.")
    kept = {name: "" if name in wrong else value for name, value in given.items()}
    return Wanted(
        query=query, search=query.get("search", "")[:200], compared=tuple(compared[:MAX_COMPARED]),
        problems=tuple(problems), **{**kept, "sort": kept["sort"] or DEFAULT},
    )  # fmt: skip
