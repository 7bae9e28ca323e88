"""The kinds of tiles, a module each: what it asks of the roll-ups, the frozen value it makes of the answers, and a template."""

from collections.abc import Mapping

from analytics.dashboards.tiles import (
    comparison,
    efficiency,
    errors,
    flow,
    latency,
    opportunities,
    outcomes,
    over_time,
    saved,
    sentence,
    targets,
    top,
)
from analytics.dashboards.types import Kind

KINDS: Mapping[str, Kind] = {
    module.KIND.name: module.KIND
    for module in (
        sentence, targets, over_time, top, saved, flow, efficiency, opportunities, latency, outcomes, errors, comparison,
    )
}  # fmt: skip
"""By name, in the order in which they are offered."""
