"""A selection in words: a chip for each filter, with the address without it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from analytics.requests.filters import RecordFilter
from analytics.requests.ranges import PRESETS

PLACE = ("before", "open")
"""What of an address says where on the page one is, not what is asked for."""
USUAL = "7d"
"""The range where none is said."""
LABELS = {
    "key_id": "key number", "q": "search", "task_id": "task", "min_cost_usd": "dollars from", "max_cost_usd": "dollars to",
    "min_latency_ms": "ms from", "max_latency_ms": "ms to", "is_sandbox": "sandbox", "is_stream": "streamed",
    "experiment": "test", "is_reported": "reported", "is_cost_disputed": "cost disputed", "since": "from", "until": "to",
    "min_confidence": "confidence from", "max_confidence": "confidence to", "read_by": "read by",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Chip:
    label: str
    value: str
    without: str
    """The address without it."""


def usual(given: QueryDict) -> QueryDict:
    """What the page asks for: the last seven days where no range is said."""
    data = given.copy()
    if not any(data.get(name) for name in ("range", "since", "until")):
        data["range"] = USUAL
    return data


def address(given: QueryDict, **changes: str) -> str:
    """The address of a page like this one, of its beginning unless `changes` say more; an empty value takes a field away."""
    data = given.copy()
    for name in (*PLACE, *changes):
        data.pop(name, None)
    data.update({name: value for name, value in changes.items() if value})
    return f"?{data.urlencode()}"


def chips(chosen: RecordFilter, given: QueryDict) -> Iterator[Chip]:
    """But for the range, which stands in a field of its own."""
    for name in chosen.form.fields:
        value = given.get(name, "")
        if value and name not in {"range", "zone"}:
            yield Chip(
                label=LABELS.get(name, name.replace("_", " ")), value=value,
                without=address(given, **{name: ""}),
            )  # fmt: skip


def words_of_range(chosen: RecordFilter) -> str:
    given: dict[str, Any] = chosen.data
    return PRESETS[given["range"]][0] if given.get("range") in PRESETS else "the days that were chosen"
