"""Candidates' scores as bars of their terms, for the pages."""

from collections.abc import Sequence
from typing import Any

from autorouter.types import Candidate

TERMS = ("category", "stickiness", "reasoning", "research")


def bars(candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
    """Each candidate with a bar for every term that raised its score, in points and in percent of the longest row."""
    points = [_points(each) for each in candidates]
    longest = max((sum(each.values()) for each in points), default=0) or 1
    return [
        {
            "candidate": candidate,
            "bars": [
                {"name": name, "points": round(value, 2), "width": round(100 * value / longest, 2)}
                for name, value in parts.items()
            ],
        }
        for candidate, parts in zip(candidates, points, strict=True)
    ]


def _points(candidate: Candidate) -> dict[str, float]:
    """By how many points each term raised the score."""
    terms = candidate.terms
    factor = terms.complexity_factor * terms.tier_weight
    found = {name: float(getattr(terms, name) * factor) for name in TERMS} | {"speed": float(terms.speed)}
    return {name: value for name, value in found.items() if value > 0}
