"""What the values of a dimension are called for people."""

from collections.abc import Iterable, Mapping

from analytics.windows.types import Dimension
from budgets.people import naming

NUMBERED: Mapping[Dimension, naming.Kind] = {"account": "account", "user": "user", "key": "key"}
"""Those whose values are ids of a table."""


def labels(dimension: Dimension, values: Iterable[str]) -> Mapping[str, str]:
    """By value. Where there is none (""), it says so; who is gone keeps the number. One query at most."""
    known = set(values)
    kind = NUMBERED.get(dimension)
    numbers = {int(each): each for each in known if each} if kind else {}
    found = {numbers[number]: name for number, name in naming.called(kind, numbers).items()} if kind else {}
    return {each: found.get(each, each) if each else f"no {dimension.replace('_', ' ')}" for each in known}
