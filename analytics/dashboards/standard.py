"""The pages that everybody has. Pure."""

from collections.abc import Mapping, Sequence

from analytics.dashboards.types import Tile

OVERVIEW = (
    Tile(kind="sentence"),
    Tile(kind="targets"),
    Tile(kind="over_time"),
    Tile(kind="saved"),
    Tile(kind="top", by=("account",)),
    Tile(kind="outcomes"),
    Tile(kind="latency", measure="latency"),
)
USAGE = (
    Tile(kind="sentence"),
    Tile(kind="targets"),
    Tile(kind="over_time"),
    Tile(kind="saved"),
    Tile(kind="top", by=("account",)),
    Tile(kind="flow"),
    Tile(kind="efficiency"),
    Tile(kind="top", by=("key",)),
    Tile(kind="top", by=("user",)),
    Tile(kind="opportunities"),
)
PERFORMANCE = (
    Tile(kind="sentence"),
    Tile(kind="latency", measure="latency"),
    Tile(kind="latency", measure="first_token"),
    Tile(kind="outcomes"),
    Tile(kind="errors"),
    Tile(kind="comparison", by=("provider",)),
    Tile(kind="comparison", by=("model",)),
    Tile(kind="comparison", by=("deployment",)),
)
PAGES: Mapping[str, Sequence[Tile]] = {"overview": OVERVIEW, "usage": USAGE, "performance": PERFORMANCE}
"""By the word that addresses know them by."""
