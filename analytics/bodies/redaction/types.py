"""What was found in a text, as frozen values. Pure."""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal[
    "private key", "api key", "jwt", "token", "password", "secret", "media", "email", "iban", "card", "national id", "ip",
    "phone",
]  # fmt: skip
"""What is taken out, in the order in which the names win where two claim the same characters."""
KINDS: tuple[Kind, ...] = get_args(Kind)
Check = Callable[[str], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Characters of a text that are of a kind."""

    kind: Kind
    start: int
    end: int


Find = Callable[[str], Iterable[Span]]
"""Reads a text once. The work is at most so many times its length, whatever it says."""


def by_pattern(
    kind: Kind, pattern: str, *, only_with: Collection[str] = (), check: Check = bool, flags: int = 0
) -> Find:
    """Finds what a pattern matches, in its group `it` where it has one, if `check` says so of these characters.

    A text that has none of `only_with` in it is not searched. A pattern has no quantifier within a quantifier that could share
    characters with it, and what may be long begins at a boundary: so no text is read more than a few times.
    """
    compiled = re.compile(pattern, flags)
    group = "it" if "it" in compiled.groupindex else 0

    def find(text: str) -> Iterable[Span]:
        if only_with and not any(each in text for each in only_with):
            return
        for match in compiled.finditer(text):
            if check(match[group]):
                yield Span(kind=kind, start=match.start(group), end=match.end(group))

    return find


def near(words: str, reach: int = 32) -> Callable[[str, int], bool]:
    """Whether one of the words (a pattern) stands within so many characters before a place."""
    compiled = re.compile(rf"(?<![^\W_])(?:{words})", re.IGNORECASE)
    return lambda text, at: compiled.search(text, max(0, at - reach), at) is not None
