"""Rules, and what changed in a set, as people read them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from autorouter.choices import PriorityChoice
from autorouter.people.preference_sets import Row
from budgets import formats
from budgets.formats import NOTHING
from budgets.money import MINUS

WEEKDAYS = {"mon": "Mon", "tue": "Tue", "wed": "Wed", "thu": "Thu", "fri": "Fri", "sat": "Sat", "sun": "Sun"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Titles:
    """What people call providers and models."""

    providers: Mapping[str, str]
    models: Mapping[str, str]

    def of(self, effect: Mapping[str, Any]) -> list[str]:
        """Those that an effect names."""
        listed = {kind: _listed(effect.get(kind)) for kind in ("providers", "models")}
        return [
            *(self.providers.get(name, name) for name in listed["providers"]),
            *(self.models.get(name, name) for name in listed["models"]),
        ]


def condition(when: Mapping[str, Any]) -> str:
    """When a rule fires."""
    parts = [
        either(_listed(when.get("category"))), either(_listed(when.get("complexity"))), *_size(when), *_hours(when),
    ]  # fmt: skip
    if days := _listed(when.get("weekday")):
        parts.append(_("on %(days)s") % {"days": either([WEEKDAYS.get(day, day) for day in days])})
    if tags := _listed(when.get("tag")):
        parts.append(_("tagged %(tags)s") % {"tags": either(tags)})
    found = ", ".join(filter(None, parts))
    return _("When a request is %(what)s") % {"what": found} if found else _("Always")


def deed(then: Mapping[str, Any], titles: Titles) -> str:
    """What a rule does."""
    kind, effect = next(iter(then.items()), ("block", {}))
    if kind == "policy":
        return _("use the policy %(name)s") % {"name": effect or "…"}
    words = {"allow": _("use only %(names)s"), "prefer": _("prefer %(names)s")}
    return words.get(kind, _("block %(names)s")) % {"names": both(titles.of(effect)) or "…"}


def changes(saved: Row, row: Row, titles: Titles) -> list[str]:
    """What a set says otherwise than it is saved, one sentence a value."""
    values = [
        (_("Priority"), priority(saved.priority), priority(row.priority)),
        (_("Max cost per request"), _dollars(saved.max_cost_usd), _dollars(row.max_cost_usd)),
        (_("Max latency"), _duration(saved.max_latency_ms), _duration(row.max_latency_ms)),
        (_("Daily alert"), _dollars(saved.daily_alert_usd), _dollars(row.daily_alert_usd)),
    ]
    found = [f"{label}: {before} → {after}" for label, before, after in values if before != after]
    for label, field in ((_("Preferred"), "preferred_providers"), (_("Blocked"), "blocked_providers")):
        if moved := list(_moved(getattr(saved, field), getattr(row, field), titles.providers)):
            found.append(f"{label}: {', '.join(moved)}")
    return [*found, *_rules(saved.rules, row.rules, titles)]


def priority(value: str) -> str:
    return str(PriorityChoice(value).label) if value else str(_("not set"))


def _dollars(amount: Any) -> str:
    return NOTHING if amount is None else f"${amount.normalize():f}"


def _duration(milliseconds: int | None) -> str:
    return NOTHING if milliseconds is None else formats.duration(milliseconds)


def _moved(before: Sequence[str], after: Sequence[str], titles: Mapping[str, str]) -> Iterator[str]:
    yield from (f"+ {titles.get(name, name)}" for name in after if name not in before)
    yield from (f"{MINUS} {titles.get(name, name)}" for name in before if name not in after)


def _rules(before: Sequence[Any], after: Sequence[Any], titles: Titles) -> Iterator[str]:
    old, new = ({str(rule.get("name")): rule for rule in rules} for rules in (before, after))
    for name, rule in new.items():
        if old.get(name) != rule:
            said = f"{condition(rule.get('when', {}))}: {deed(rule.get('then', {}), titles)}"
            yield (_("Rule %(name)s changed: %(said)s") if name in old else _("New rule %(name)s: %(said)s")) % {
                "name": name, "said": said,
            }  # fmt: skip
    for name in old.keys() - new.keys():
        yield _("Rule %(name)s removed") % {"name": name}


def _size(when: Mapping[str, Any]) -> Iterator[str]:
    least, most = when.get("min_tokens"), when.get("max_tokens")
    if least is not None:
        yield _("at least %(count)s tokens") % {"count": _count(least)}
    if most is not None:
        yield _("at most %(count)s tokens") % {"count": _count(most)}


def _hours(when: Mapping[str, Any]) -> Iterator[str]:
    first, last = when.get("from_hour"), when.get("until_hour")
    if first is not None or last is not None:
        yield _("between %(first)s:00 and %(last)s:00 UTC") % {
            "first": first or 0,
            "last": 24 if last is None else last,
        }


def _count(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def either(words: Sequence[str]) -> str:
    return _(" or ").join(words)


def both(words: Sequence[str]) -> str:
    return _(" and ").join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])
