"""Candidates' scores as bars of their terms, for the pages."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from autorouter.decision.explain import learned_words
from autorouter.types import Candidate

TERMS = ("category", "learned", "stickiness", "reasoning", "research")


def bars(candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
    """Each candidate with a bar for every term that raised its score, in points and in percent of the longest row."""
    points = [_points(each) for each in candidates]
    longest = max((sum(each.values()) for each in points), default=0) or 1
    return [
        {
            "candidate": candidate,
            "learned": learned_words(candidate),
            "bars": [
                {"name": name, "points": round(value, 2), "width": round(100 * value / longest, 2)}
                for name, value in parts.items()
            ],
        }
        for candidate, parts in zip(candidates, points, strict=True)
    ]


def _points(candidate: Candidate) -> dict[str, float]:
    """By how many points each term raised the score. What was learned against a model is taken from its category."""
    terms = candidate.terms
    factor = terms.complexity_factor * terms.tier_weight
    category = terms.category + min(terms.learned, Decimal(0))
    added = {name: getattr(terms, name) for name in TERMS} | {"category": category}
    found = {name: float(value * factor) for name, value in added.items()} | {"speed": float(terms.speed)}
    return {name: value for name, value in found.items() if value > 0}
