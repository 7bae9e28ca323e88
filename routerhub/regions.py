"""Regions: where an upstream says that it processes what it is sent, by names such as eu or us-east-1. Pure.

A restriction is the set of regions that may be used; None: any, and those that nobody knows of.
"""

import re
from collections.abc import Collection

MAX_CHARS = 32
MAX_REGIONS = 20
REGION = re.compile(rf"[a-z0-9][a-z0-9-]{{,{MAX_CHARS - 1}}}")
FORM = f"up to {MAX_CHARS} lower-case letters, digits and hyphens, such as eu or us-east-1"
Regions = frozenset[str] | None


def restriction(names: Collection[str]) -> Regions:
    """Of a list that is empty where nothing is restricted."""
    return frozenset(names) or None


def problem(names: Collection[object]) -> str:
    """What is wrong with a list of regions; empty where nothing is."""
    if len(names) > MAX_REGIONS:
        return f"{len(names)} regions were given; allowed are {MAX_REGIONS}."
    wrong = next((each for each in names if not isinstance(each, str) or not REGION.fullmatch(each)), None)
    return "" if wrong is None else f"{wrong!r} is no name of a region: write {FORM}."


def is_within(place: Collection[str], allowed: Regions) -> bool:
    """Whether all that is sent to a place with these regions stays in the allowed ones. Where none are known, it may not."""
    return allowed is None or (bool(place) and allowed.issuperset(place))


def strictest(one: Regions, other: Regions) -> Regions:
    """Both at once: what they have in common, perhaps nothing."""
    if one is None or other is None:
        return other if one is None else one
    return one & other
