"""The steps by which a release is rolled out, and what each look at one leads to. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from experiments.ab.types import Findings, Guardrail

EVERYBODY = 100
MAX_STEPS = 20
MAX_MINUTES = 30 * 24 * 60
MAX_COUNT = 10**9
Deed = Literal["stay", "go on", "roll back"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A share of the users, and what must have come in from them before the next one. The last step is everybody: it needs
    nothing, since nothing is left to compare with."""

    percent: int
    minutes: int = 0
    units: int = 1
    """Users, or keys that are nobody's."""
    requests: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Steps from the smallest share to everybody, and what breaks them off."""

    steps: tuple[Step, ...]
    guardrails: tuple[Guardrail, ...]


DEFAULT = Plan(
    steps=(
        Step(percent=1, minutes=10, units=1, requests=500),
        Step(percent=5, minutes=30, units=3, requests=1_500),
        Step(percent=25, minutes=60, units=10, requests=5_000),
        Step(percent=EVERYBODY),
    ),
    guardrails=(
        Guardrail(measure="success", margin=0.01),
        Guardrail(measure="latency", margin=0.15),
        Guardrail(measure="cost", margin=0.10),
        Guardrail(measure="fallback", margin=0.01),
    ),
)
COLUMNS: Mapping[str, str] = {
    "percents": "shares of the users, from the smallest to 100",
    "minutes": "how long each step lasts at least",
    "units": "how many users of a step must have asked for something",
    "requests": "how many requests of theirs must have come in",
}
"""A plan as lists of numbers, and what each of them says."""
DEFAULT_COLUMNS: Mapping[str, tuple[int, ...]] = {
    "percents": tuple(each.percent for each in DEFAULT.steps),
    **{name: tuple(getattr(each, name) for each in DEFAULT.steps[:-1]) for name in ("minutes", "units", "requests")},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a look at a step leads to, and why, as one sentence."""

    deed: Deed
    said: str
    is_waiting: bool = False
    """Its time is over, or nobody is in it, and something is still missing."""


def problems(plan: Plan) -> dict[str, str]:
    """Why it is no plan, by the path of each value; empty where it is one."""
    without = {} if plan.guardrails else {"guardrails": "Name at least one: without it nothing would roll it back."}
    return {**dict(_problems(plan.steps)), **without}


def _problems(steps: tuple[Step, ...]) -> Iterator[tuple[str, str]]:
    shares = [each.percent for each in steps]
    if not 2 <= len(steps) <= MAX_STEPS:
        yield "steps", f"There are {len(steps)} steps; allowed are 2 to {MAX_STEPS}, the last one {EVERYBODY} %."
        return
    if shares[-1] != EVERYBODY:
        yield f"steps[{len(steps) - 1}].percent", f"{shares[-1]} % is the last step; it must be {EVERYBODY} %."
    for at, step in enumerate(steps):
        if not 1 <= step.percent <= EVERYBODY or (at and step.percent <= shares[at - 1]):
            low = shares[at - 1] + 1 if at else 1
            yield (
                f"steps[{at}].percent",
                f"{step.percent} is not from {low} to {EVERYBODY}: shares grow from step to step.",
            )
        for name, least, most in (("minutes", 0, MAX_MINUTES), ("units", 1, MAX_COUNT), ("requests", 1, MAX_COUNT)):
            value = getattr(step, name)
            if not least <= value <= most:
                yield f"steps[{at}].{name}", f"{value:,} is not from {least} to {most:,}."


def judge(step: Step, following: Step, found: Findings, began_at: datetime) -> Verdict:
    """What one look at a running step leads to.

    A broken guardrail rolls back at once. To a larger share it goes on when time and traffic are there and none is broken; to
    everybody only when all of them hold, since after that nothing is left to compare with.
    """
    broken = [each for each in found.guardrails if each.state == "broken"]
    if broken:
        return Verdict(deed="roll back", said=" ".join(each.said for each in broken))
    due = began_at + timedelta(minutes=step.minutes)
    missing = _missing(step, following, found)
    if missing:
        return Verdict(deed="stay", said=missing, is_waiting=found.at >= due or not found.ratio.b)
    if found.at < due:
        return Verdict(
            deed="stay", said=f"It goes on to {following.percent} % at {due:%H:%M} UTC if all guardrails hold."
        )
    return Verdict(
        deed="go on", said=f"{_counted(found.requests_b, 'request')} by {_counted(found.ratio.b, 'user')}, none broke."
    )


def _missing(step: Step, following: Step, found: Findings) -> str:
    """What keeps a step from the next one beside its time, as a sentence; empty where nothing does."""
    if not found.ratio.b:
        return f"No user of these {step.percent} % has asked for anything yet."
    if found.ratio.b < step.units:
        return f"{_counted(found.ratio.b, 'user')} of {step.units:,} asked for something so far."
    if found.requests_b < step.requests:
        return f"{found.requests_b:,} of {_counted(step.requests, 'request')} so far."
    if not found.requests_a:
        return "Nobody asked the release that is compared with."
    if not found.ratio.fits:
        return (
            f"{found.ratio.b:,} of {found.ratio.a + found.ratio.b:,} users got it, where {step.percent} % were due: what is "
            "measured may be wrong. Find out why before going on."
        )
    return _not_shown_yet(following, found)


def _not_shown_yet(following: Step, found: Findings) -> str:
    open_ones = [each.said for each in found.guardrails if each.state == "open"]
    if following.percent < EVERYBODY or not open_ones:
        return ""
    return f"Before everybody gets it, all guardrails must hold. {' '.join(open_ones)}"


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def from_columns(columns: Mapping[str, tuple[int, ...]], guardrails: tuple[Guardrail, ...]) -> Plan:
    """Steps from a list for each of their values: percents for all of them, the others may leave out the last step."""
    percents = columns["percents"]
    names = ("minutes", "units", "requests")
    steps = tuple(
        Step(percent=percent, **{name: columns[name][at] for name in names if at < len(columns[name])})
        for at, percent in enumerate(percents)
    )
    return Plan(steps=steps, guardrails=guardrails)


def read_numbers(text: str) -> tuple[int, ...]:
    """A list as people write it, with commas. Raises ValueError."""
    try:
        return tuple(int(each) for each in text.split(","))
    except ValueError as problem:
        raise ValueError(f"{text!r} is no list of whole numbers such as 1, 5, 25, 100.") from problem
