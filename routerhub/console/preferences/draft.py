"""What stands on the page and is not saved yet: put into a set out of what was sent, and shown again as it was written."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from autorouter.choices import PriorityChoice
from autorouter.decision.rules import MAX_RULES, WEEKDAYS
from autorouter.people.preference_sets import Row
from autorouter.types import CATEGORIES, COMPLEXITIES
from routerhub.console.forms import ConsoleForm
from routerhub.console.preferences import sentences
from routerhub.console.preferences.sentences import Titles

EFFECTS = {"block": _("block"), "allow": _("use only"), "prefer": _("prefer"), "policy": _("use the policy")}
CHOICES = {"category": CATEGORIES, "complexity": COMPLEXITIES, "weekday": WEEKDAYS}
NUMBERS = ("min_tokens", "max_tokens", "from_hour", "until_hour")
WISHES = {"prefer": "preferred_providers", "block": "blocked_providers"}


class ValuesForm(ConsoleForm):
    """What of a set is one value each."""

    priority = forms.ChoiceField(
        label=_("Priority"), choices=[("", _("Not set")), *PriorityChoice.choices], required=False,
        widget=forms.RadioSelect,
    )  # fmt: skip
    max_cost_usd = forms.DecimalField(
        label=_("Max cost per request"), required=False, min_value=0, max_digits=12, decimal_places=6,
        help_text=_("Estimated before it is sent. A request's own lower limit goes before it. Empty: none."),
    )  # fmt: skip
    max_latency_ms = forms.IntegerField(
        label=_("Max latency in ms"), required=False, min_value=1, max_value=3_600_000,
        help_text=_("Places that are measured to take longer are left out. Empty: any."),
    )  # fmt: skip
    daily_alert_usd = forms.DecimalField(
        label=_("Daily alert from"), required=False, min_value=0, max_digits=12, decimal_places=6,
    )  # fmt: skip

    @classmethod
    def of(cls, row: Row, data: QueryDict | None = None) -> "ValuesForm":
        return cls(data, initial={name: _plain(getattr(row, name)) for name in cls.base_fields})


@dataclass(kw_only=True)
class RuleFields:
    """A rule with what its fields show."""

    at: int
    rule: Mapping[str, Any]
    titles: Titles
    is_open: bool = False
    problems: list[str] = field(default_factory=list)
    effect_seen: Any = None
    """What it did over the last requests, where that was tried."""

    @property
    def said(self) -> tuple[str, str]:
        when, then = self.rule.get("when") or {}, self.rule.get("then") or {}
        return sentences.condition(when), sentences.deed(then, self.titles)

    @property
    def options(self) -> dict[str, list[tuple[str, str, bool]]]:
        """Of each condition with choices: value, word, and whether it is chosen."""
        when = self.rule.get("when") or {}
        return {
            name: [(each, sentences.WEEKDAYS.get(each, each), each in _texts(when.get(name))) for each in known]
            for name, known in CHOICES.items()
        }

    @property
    def numbers(self) -> Mapping[str, Any]:
        when = self.rule.get("when") or {}
        return {name: "" if when.get(name) is None else when[name] for name in NUMBERS}

    @property
    def tags(self) -> str:
        return ", ".join(_texts((self.rule.get("when") or {}).get("tag")))

    @property
    def kind(self) -> str:
        return next(iter(self.rule.get("then") or {}), "block")

    @property
    def policy(self) -> str:
        return str((self.rule.get("then") or {}).get("policy") or "")

    @property
    def targets(self) -> list[tuple[str, str]]:
        """What the effect names: value and name."""
        effect = (self.rule.get("then") or {}).get(self.kind)
        if not isinstance(effect, Mapping):
            return []
        names = {"providers": self.titles.providers, "models": self.titles.models}
        return [(f"{of}:{each}", names[of].get(each, each)) for of in names for each in _texts(effect.get(of))]


def put(row: Row, data: QueryDict, form: ValuesForm) -> None:
    """Into the set whatever of it can be read."""
    if form.is_bound:
        form.full_clean()
        for name, value in form.cleaned_data.items():
            setattr(row, name, value)
    wishes: dict[str, list[str]] = defaultdict(list)
    for key, value in data.items():
        if key.startswith("provider:"):
            wishes[str(value)].append(key.removeprefix("provider:"))
    for wish, name in WISHES.items():
        setattr(row, name, _in_order(getattr(row, name), wishes[wish]))
    row.rules = [_rule(data, f"rule-{at}") for at in data.getlist("rule")]


def _in_order(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """As before where nothing is otherwise, so that an order alone is no change."""
    return list(before) if set(before) == set(after) else sorted(after)


def add_rule(row: Row) -> None:
    """One more, which does nothing until it is written. Raises ValidationError."""
    if len(row.rules) >= MAX_RULES:
        raise ValidationError(_("A set has at most %(most)s rules.") % {"most": MAX_RULES})
    names = {rule.get("name") for rule in row.rules}
    number = next(number for number in range(1, MAX_RULES + 2) if f"rule {number}" not in names)
    row.rules = [*row.rules, {"name": f"rule {number}", "when": {}, "then": {"block": {"providers": []}}}]


def problems(row: Row, form: ValuesForm) -> dict[int, list[str]]:
    """What keeps the set from being saved: put beside the fields of the form; of its rules, by their place."""
    found: dict[int, list[str]] = defaultdict(list)
    try:
        row.full_clean(exclude=["is_active"])
    except ValidationError as invalid:
        for name, texts in invalid.message_dict.items():
            if name == "rules":
                for text in texts:
                    found[_place(text)].append(_without_path(text))
            elif name not in form.errors:
                form.add_error(name if name in form.fields else None, texts)
    return found


def _place(text: str) -> int:
    named = re.match(r"rules\[(\d+)\]", text)
    return int(named[1]) if named else -1


def _without_path(text: str) -> str:
    return re.sub(r"^rules\[\d+\]\.?(?:when|then)?\.?", "", text)


def _rule(data: QueryDict, at: str) -> dict[str, Any]:
    when: dict[str, Any] = {name: chosen for name in CHOICES if (chosen := data.getlist(f"{at}-{name}"))}
    for name in NUMBERS:
        if (text := data.get(f"{at}-{name}", "").strip()) != "":
            when[name] = int(text) if text.isdecimal() else text
    if tags := [tag for each in data.get(f"{at}-tag", "").split(",") if (tag := each.strip())]:
        when["tag"] = tags
    kind = data.get(f"{at}-effect", "block")
    named = dict(_named([*data.getlist(f"{at}-target"), data.get(f"{at}-more", "")]))
    then = {"policy": data.get(f"{at}-policy", "")} if kind == "policy" else {kind: named}
    return {"name": data.get(f"{at}-name", "").strip(), "when": when, "then": then}


def _named(values: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    for kind in ("providers", "models"):
        listed = [each.removeprefix(f"{kind}:") for each in values if each.startswith(f"{kind}:")]
        if listed:
            yield kind, list(dict.fromkeys(listed))


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(each) for each in value or []]


def _plain(value: Any) -> Any:
    return f"{value.normalize():f}" if hasattr(value, "normalize") else value
