"""What the address of a page of figures asks for, and the addresses that ask for something else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, get_args
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError

from analytics.dashboards import ranges
from analytics.dashboards.ranges import MAX_DAYS, PRESETS, USUAL
from analytics.dashboards.types import WORDS, Links, Names, View
from analytics.windows.names import NUMBERED
from analytics.windows.types import Dimension, Traffic
from routerhub import numerals

TRAFFIC: Mapping[Traffic, str] = {"real": "real", "sandbox": "sandbox", "both": "real and sandbox"}
SINGLE = ("range", "since", "until", "zone", "traffic", "by")
MAX_VALUES = 20
Params = Mapping[str, list[str]]
"""As the address has them; a dimension may be named more than once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A link of a menu."""

    word: str
    link: str
    is_chosen: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Chip:
    """A filter that is in force."""

    word: str
    values: str
    remove: str
    """The address without it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """The filters of a page, as its template shows them."""

    range_word: str
    range_dates: str
    before_words: str
    since: str
    until: str
    zone: str
    by: str
    traffic: str
    ranges: tuple[Choice, ...]
    groupings: tuple[Choice, ...]
    traffics: tuple[Choice, ...]
    chips: tuple[Chip, ...]
    addable: tuple[Choice, ...]
    hidden: tuple[tuple[str, str], ...]
    """What a form of own dates keeps of the address."""


def read(params: Params, now: datetime, zone: str, accounts: frozenset[int] | None) -> View:
    """Raises ValidationError, by field."""
    problems: dict[str, str] = {}
    chosen = _single(params, "zone") or zone
    if chosen not in available_timezones():
        problems["zone"] = f"{chosen!r} is no time zone. Allowed are names like Europe/Berlin."
        chosen = "UTC"
    local = now.astimezone(ZoneInfo(chosen))
    view = View(
        since=local, until=local, now=local, zone=chosen, accounts=accounts, where=_where(params, problems),
        traffic=_one_of(params, "traffic", TRAFFIC, "real", problems), by=_one_of(params, "by", WORDS, None, problems),
    )  # fmt: skip
    view = _ranged(view, params, problems)
    if problems:
        raise ValidationError(problems)
    return view


def _ranged(view: View, params: Params, problems: dict[str, str]) -> View:
    since, until = (_date(params, name, problems) for name in ("since", "until"))
    if since is None and until is None:
        return ranges.over(view, _one_of(params, "range", PRESETS, USUAL, problems))
    today = view.now.date()
    first, last = since or until or today, until or today
    if first > last:
        problems["since"] = f"{first} is after {last}: the range begins after its end."
    elif first > today:
        problems["since"] = f"{first} is not yet: the latest day is {today}."
    elif (last - first).days >= MAX_DAYS:
        problems["since"] = f"{(last - first).days + 1:,} days are too many: {MAX_DAYS:,} at most."
    return view if problems else ranges.between(view, first, last)


def _date(params: Params, name: str, problems: dict[str, str]) -> date | None:
    given = _single(params, name)
    if not given:
        return None
    try:
        return date.fromisoformat(given)
    except ValueError:
        problems[name] = f"{given!r} is no day. Write it as 2026-11-24."
        return None


def _one_of(params: Params, name: str, allowed: Iterable[Any], usual: Any, problems: dict[str, str]) -> Any:
    given = _single(params, name)
    if not given:
        return usual
    if given not in allowed:
        problems[name] = f"{given!r} is not one of {', '.join(allowed)}."
        return usual
    return given


def _where(params: Params, problems: dict[str, str]) -> dict[Dimension, tuple[str, ...]]:
    found: dict[Dimension, tuple[str, ...]] = {}
    for dimension in get_args(Dimension):
        values = tuple(dict.fromkeys(each for each in params.get(dimension, []) if each))
        if len(values) > MAX_VALUES:
            problems[dimension] = f"{len(values)} values are too many: {MAX_VALUES} at most."
        wrong = [each for each in values if dimension in NUMBERED and numerals.whole(each) is None]
        if wrong:
            problems[dimension] = f"{wrong[0]!r} is no id: pick one from a list of the page."
        elif values:
            found[dimension] = values
    return found


def _single(params: Params, name: str) -> str:
    return (params.get(name) or [""])[-1]


def linker(params: Params) -> Links:
    """Makes the address of the same page with something else: None leaves a name out."""
    kept = {name: values for name, values in params.items() if name in SINGLE or name in WORDS}

    def link(changes: Mapping[str, str | None]) -> str:
        dates: Params = {"since": [], "until": []} if changes.get("range") else {}
        wanted = {**kept, **dates, **{name: [value] if value else [] for name, value in changes.items()}}
        return "?" + urlencode([(name, value) for name, values in wanted.items() for value in values if value])

    return link


def bar(view: View, params: Params, names: Names) -> Bar:
    link = linker(params)
    last = view.until.date() if view.until.time() != datetime.min.time() else (view.until - ranges.GRAIN).date()
    return Bar(
        range_word=PRESETS[view.range].word if view.range else "own dates", range_dates=ranges.words(view),
        before_words=ranges.shifted(view), since=view.since.date().isoformat(), until=last.isoformat(), zone=view.zone,
        by=WORDS[view.by or "model"], traffic=TRAFFIC[view.traffic],
        ranges=tuple(
            Choice(word=preset.word, link=link({"range": name}), is_chosen=name == view.range)
            for name, preset in PRESETS.items()
        ),
        groupings=tuple(
            Choice(word=word, link=link({"by": name}), is_chosen=name == (view.by or "model"))
            for name, word in WORDS.items() if name != "tag"
        ),
        traffics=tuple(
            Choice(word=word, link=link({"traffic": name}), is_chosen=name == view.traffic) for name, word in TRAFFIC.items()
        ),
        chips=tuple(
            Chip(
                word=WORDS[dimension], values=", ".join(names.get((dimension, value)) or value for value in values),
                remove=link({dimension: None}),
            )
            for dimension, values in view.where.items()
        ),
        addable=tuple(
            Choice(word=word, link=link({"add": name})) for name, word in WORDS.items() if name not in view.where
        ),
        hidden=tuple(
            (name, value) for name, values in params.items()
            if (name in WORDS or name in {"traffic", "by"}) for value in values if value
        ),
    )  # fmt: skip
