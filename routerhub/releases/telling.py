"""In which values two releases differ, as people read it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from routerhub.releases import lines
from routerhub.releases.differences import ABSENT, Difference

NOTHING = "\N{EN DASH}"
MAX_CHARS = 2_000
"""Of one value: nobody reads the thousands of numbers of something that was learned."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One value by its name, as it was and as it is; a dash where there is none."""

    name: str
    path: str
    before: str
    after: str


def told(line: str, found: Iterable[Difference]) -> list[Told]:
    """Differences by the names that the line has for its values."""
    label = lines.find(line).label
    return [
        Told(name=label(each.steps), path=each.path, before=spelled(each.before), after=spelled(each.after))
        for each in found
    ]


def spelled(value: Any) -> str:
    """A value of a bundle for people: lists with commas, objects as "name: value"."""
    if value is None or value in (ABSENT, "", [], {}):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(spelled(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {spelled(each)}" for name, each in value.items())
    text = str(value)
    return text if len(text) <= MAX_CHARS else f"{text[:60]}\N{HORIZONTAL ELLIPSIS} ({len(text):,} characters)"
