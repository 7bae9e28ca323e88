"""Requests found by what their callers said of them: `metadata.project=x`.

There is no index of it: the policies of rows come before conditions like these in PostgreSQL's plans, so that one would cost
every write and be read by nobody. The rows of an account are walked by time.
"""

from collections.abc import Sequence

import orjson
from django.db.models import Q

PREFIX = "metadata."
MAX_NAMES = 5
"""As deep as metadata may be."""


def having(path: Sequence[str], value: str) -> Q:
    """The condition that this name, or name within a name, has this value, as text or as what it spells in JSON.
    Raises ValueError."""
    if not 1 <= len(path) <= MAX_NAMES or not all(path):
        raise ValueError(f"{PREFIX}{'.'.join(path)}: name 1 to {MAX_NAMES} fields with dots between them.")
    if "\0" in value or any("\0" in name for name in path):
        raise ValueError(f"{PREFIX}{path[0]}: a NUL is in no metadata.")
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
