"""Requests found by what their callers said of them: `project=x`, and of a name within a name `run.step=3`.

There is no index of it: the policies of rows come before conditions like these in PostgreSQL's plans, so that one would cost
every write and be read by nobody. The rows of an account are walked by time.
"""

from collections.abc import Sequence

import orjson
from django.db.models import Q

MAX_NAMES = 5
"""As deep as metadata may be."""


def condition(given: str) -> Q:
    """That the name before the sign has the value behind it, as text or as what it spells in JSON. Raises ValueError."""
    name, _, value = given.partition("=")
    path = name.split(".")
    if len(path) > MAX_NAMES or not all(path):
        raise ValueError(f"{name}: name 1 to {MAX_NAMES} fields with dots between them.")
    if "\0" in given:
        raise ValueError("A NUL is in no metadata.")
    return _nested(path, value) | _nested(path, _plain(value))


def _nested(path: Sequence[str], value: object) -> Q:
    for name in reversed(path):
        value = {name: value}
    return Q(metadata__contains=value)


def _plain(value: str) -> object:
    try:
        read = orjson.loads(value)
    except orjson.JSONDecodeError:
        return value
    return value if isinstance(read, dict | list) else read
