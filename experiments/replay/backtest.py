"""A release, or values that are not saved yet, against what is live, over recorded traffic."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from autorouter.configuration import bundles
from autorouter.configuration.tunables.shapes import WHOLE_OBJECTS
from autorouter.types import RouterRelease
from experiments.errors import BadSlice
from experiments.replay import comparing
from experiments.replay.figures import percent, points
from experiments.replay.traffic import Slice, recent, remembered
from experiments.types import Estimate, Report
from models_registry.types import Catalogue
from routerhub import numerals
from routerhub.releases import rollout, store

MAX_FLOWS = 50
MAX_REPLAYED = 100_000
"""So many can be replayed while somebody waits for a page or the API; a command takes as many as a slice may have."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Which releases decide together. None: the one that is live for all (the candidate's users are left aside)."""

    catalogue: int | None = None
    router: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What a change may do at most. None: anything. Shares are relative to the baseline, 0.05 for 5 %."""

    max_cost_increase: float | None = None
    max_latency_increase: float | None = None
    max_quality_loss: float | None = None
    """Points of 100, of the mean profile score."""
    max_moved: float | None = None

    def passed(self, report: Report) -> list[str]:
        """A sentence for every bound that the report passes."""
        passed = []
        latency = report.latency_ms.relative if report.latency_ms else None
        share = report.moved / report.requests if report.requests else 0.0
        found: tuple[tuple[str, float | None, float | None, Callable[[float], str], str], ...] = (
            ("cost rises by", report.cost_usd.relative, self.max_cost_increase, percent, ""),
            ("latency rises by", latency, self.max_latency_increase, percent, ""),
            ("mean quality falls by", -report.quality.mean, self.max_quality_loss, points, " points"),
            ("share of moved requests is", share, self.max_moved, percent, ""),
        )
        for what, value, bound, told, unit in found:
            if bound is not None and value is not None and value > bound:
                passed.append(f"{what} {told(value)}{unit}, more than {told(bound)}")
        return passed


def load(pair: Pair) -> tuple[Catalogue, RouterRelease]:
    """The releases of a pair, parsed. Raises UnknownRelease, InvalidRelease."""
    catalogue: Catalogue = _release("catalogue", pair.catalogue)
    router: RouterRelease = _release("router", pair.router)
    return catalogue, router


def _release(line: str, number: int | None) -> Any:
    return store.release(line, rollout.pointer(line).stable if number is None else number)


def run(after: Pair, chosen: Slice, before: Pair = Pair(), instead: str = "") -> Report:
    """What one pair of releases would do otherwise than another, over a slice of the records; with `instead`, if that model
    took all that it can.

    Raises UnknownRelease, BadSlice.
    """
    releases = load(after)
    if instead and instead not in releases[0].models:
        raise BadSlice("instead", f"There is no model {instead!r} in catalogue release {releases[0].release}.")
    return comparing.compare(recent(chosen), load(before), releases, instead)


def preview(changes: Mapping[str, Any], chosen: Slice) -> Report:
    """What unsaved values would do otherwise than what is live. `changes` is a part of a router bundle.

    {"config": {...}, "profiles": {...}, "policies": {...}}: what it names replaces what is live, value by value; tier
    weights, speed bonuses and scores entry by entry. Raises InvalidRelease, BadSlice.
    """
    before = load(Pair())
    live = store.bundle("router", before[1].release)
    edited = bundles.read(merged(live, changes), before[1].release)
    return comparing.compare(remembered(chosen), before, (before[0], edited))


def merged(bundle: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The bundle with the changes in it. Lists, and objects that stand for one value, are replaced whole."""
    found = dict(bundle)
    for name, value in changes.items():
        old = found.get(name)
        whole = name in WHOLE_OBJECTS or not isinstance(old, Mapping) or not isinstance(value, Mapping)
        found[name] = value if whole else merged(old, value)  # type: ignore[arg-type]
    return found


def read_share(text: str, field: str) -> float:
    """0.05 out of "5%" or "0.05". Raises BadSlice."""
    value = numerals.exact(text.removesuffix("%"))
    if value is None:
        raise BadSlice(field, f"{text!r} is not a share such as 5% or 0.05.")
    return float(value / 100 if text.endswith("%") else value)


def as_json(report: Report, bounds: Bounds | None = None) -> dict[str, Any]:
    """The report for the API and the pages."""
    return {
        "requests": report.requests,
        "moved": report.moved,
        "recorded": report.is_recorded,
        "flows": [
            {
                "before": flow.before,
                "after": flow.after,
                "requests": flow.requests,
                "cost_change_usd": float(flow.cost_change),
            }
            for flow in report.flows[:MAX_FLOWS]
        ],
        "cost_usd": _estimate_json(report.cost_usd),
        "quality": _estimate_json(report.quality),
        "latency_ms": _estimate_json(report.latency_ms) if report.latency_ms else None,
        "latency_known_for": report.latency_known,
        "refused": {"before": report.refused_before, "after": report.refused_after},
        "passed": (bounds or Bounds()).passed(report),
    }


def _estimate_json(estimate: Estimate) -> dict[str, Any]:
    return {"mean": estimate.mean, "interval": [estimate.low, estimate.high], "relative": estimate.relative}
