"""Figures of several groups as one, and what is left of a whole without some of its parts. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from analytics.windows.types import Figures, Sketch

COUNTED = tuple(field.name for field in fields(Figures) if field.type in (int, float))


def total(parts: Iterable[Figures]) -> Figures:
    return _sum([(1, each) for each in parts])


def without(whole: Figures, parts: Iterable[Figures]) -> Figures:
    """What the whole has beside these parts of it."""
    return _sum([(1, whole), *((-1, each) for each in parts)])


def _sum(signed: list[tuple[int, Figures]]) -> Figures:
    numbers: dict[str, Any] = {name: sum(sign * getattr(each, name) for sign, each in signed) for name in COUNTED}
    return Figures(
        **numbers,
        errors=_counts((sign, each.errors) for sign, each in signed),
        latencies=_sketch((sign, each.latencies) for sign, each in signed),
        first_token_times=_sketch((sign, each.first_token_times) for sign, each in signed),
    )


def _counts(signed: Iterable[tuple[int, Mapping[Any, int]]]) -> Mapping[Any, int]:
    found: Counter[Any] = Counter()
    for sign, counts in signed:
        for key, count in counts.items():
            found[key] += sign * count
    return {key: count for key, count in found.items() if count}


def _sketch(signed: Iterable[tuple[int, Sketch]]) -> Sketch:
    """Logarithmic buckets add up, and so they can be taken away again."""
    known = list(signed)
    return Sketch(
        counts=_counts((sign, each.counts) for sign, each in known),
        zeros=sum(sign * each.zeros for sign, each in known),
    )
