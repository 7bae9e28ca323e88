"""A policy's order, moved within what staff allow: by measured performance, and by what the caller prefers. Pure.

A model with enough requests whose success is surely worse than that of the policy's other models by more than the margin
is demoted one place a round; one that is surely better is promoted. It is moved back only when its success is within half
the margin of the others again, or when what was measured is too old to say anything: so it does not flap at the bound.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from routerhub.intervals import wilson


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """How a model did within a policy lately."""

    requests: int
    successes: int

    @property
    def rate(self) -> float:
        return self.successes / self.requests if self.requests else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What staff allow. `margin` is a share, 0.05 for five percentage points."""

    min_requests: int
    max_places: int
    margin: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Shift:
    """By how many places a model is to be moved, above 0 down, and why."""

    places: int
    reason: str


def shifted(order: Sequence[str], shifts: Mapping[str, int]) -> tuple[str, ...]:
    """The order with each model that is in it moved by its places; models that meet at a place keep their order."""
    at = {model: place for place, model in enumerate(order)}
    # Half a place more: a model that is moved by one passes the neighbour that stands there.
    moved = {
        model: at[model] + places + (0.5 if places > 0 else -0.5)
        for model, places in shifts.items()
        if places and model in at
    }
    return tuple(sorted(order, key=lambda model: (moved.get(model, at[model]), at[model])))


def drawn(order: Sequence[int], wish: Callable[[int], Any], max_places: int) -> Iterator[int]:
    """The order drawn towards another, lowest `wish` first, with nobody by more than `max_places` from where he stands."""
    left = [(at, wish(each), each) for at, each in enumerate(order)]
    for at in range(len(order)):
        is_late = left[0][0] + max_places <= at
        within = left[:1] if is_late else [each for each in left if each[0] <= at + max_places]
        chosen = min(within, key=lambda each: (each[1], each[0]))
        left.remove(chosen)
        yield chosen[2]


def interval(measured: Measured) -> tuple[float, float]:
    """Wilson's 95 % interval of the success rate."""
    return wilson(measured.successes, measured.requests)


def adjust(
    order: Sequence[str], measured: Mapping[str, Measured], shifts: Mapping[str, int], bounds: Bounds
) -> dict[str, Shift]:
    """The shifts after this round; a model that stays at its own place is missing.

    A model that fails makes the others look better; so who is to be promoted is held against the healthy ones alone.
    """
    failing = {model for model in order if _is_worse(*_pair(model, order, measured), bounds)}
    demoted = failing | {model for model, places in shifts.items() if places > 0}
    healthy = [model for model in order if model not in demoted]
    found = {}
    for model in order:
        own, others = _pair(model, order, measured)
        _, rivals = _pair(model, healthy, measured)
        found[model] = _shift(own, others, rivals, shifts.get(model, 0), bounds)
    return {model: shift for model, shift in found.items() if shift.places}


def _pair(model: str, among: Sequence[str], measured: Mapping[str, Measured]) -> tuple[Measured, Measured]:
    """What was measured of a model, and of the others together."""
    others = [measured[each] for each in among if each != model and each in measured]
    return measured.get(model, Measured(requests=0, successes=0)), _together(others)


def _is_worse(own: Measured, others: Measured, bounds: Bounds) -> bool:
    """Whether the model surely succeeds less often, by more than the margin."""
    has_enough = min(own.requests, others.requests) >= bounds.min_requests
    return has_enough and interval(own)[1] < others.rate - bounds.margin


def _shift(own: Measured, others: Measured, rivals: Measured, places: int, bounds: Bounds) -> Shift:
    """`rivals` are the healthy ones among the others."""
    if own.requests < bounds.min_requests or others.requests < bounds.min_requests:
        figures = f"{own.requests} requests, {others.requests} of the others: fewer than {bounds.min_requests}"
        return Shift(places=_towards_zero(places), reason=figures)
    low, high = interval(own)
    figures = f"success {own.rate:.1%} of {own.requests} ({low:.1%} to {high:.1%}), the others {others.rate:.1%}"
    margin = f"more than {bounds.margin:.1%}"
    if _is_worse(own, others, bounds):
        return Shift(places=min(places + 1, bounds.max_places), reason=f"{figures}: worse by {margin}")
    if rivals.requests >= bounds.min_requests and low > rivals.rate + bounds.margin:
        figures = f"{figures}, the healthy ones of them {rivals.rate:.1%}"
        return Shift(places=max(places - 1, -bounds.max_places), reason=f"{figures}: better by {margin}")
    if abs(own.rate - others.rate) <= bounds.margin / 2:
        return Shift(places=_towards_zero(places), reason=f"{figures}: as good as the others again")
    return Shift(places=max(-bounds.max_places, min(places, bounds.max_places)), reason=figures)


def _towards_zero(places: int) -> int:
    return places - 1 if places > 0 else places + 1 if places < 0 else 0


def _together(parts: Sequence[Measured]) -> Measured:
    return Measured(requests=sum(each.requests for each in parts), successes=sum(each.successes for each in parts))
