"""Rolling out by steps as one of the ways in which the dialog of a release lets it go out, the one that it suggests."""

from collections.abc import Mapping

from django import forms

from experiments.ab.statistics.measures import POINTS
from experiments.choices import Measure
from experiments.errors import RolloutRefused
from experiments.rollouts import schedule, stepping
from experiments.rollouts.schedule import COLUMNS, DEFAULT, DEFAULT_COLUMNS, Plan
from routerhub.audit.change import Change
from routerhub.releases import effects, ways
from routerhub.releases.effects import Effect
from routerhub.releases.types import Pointer
from routerhub.releases.ways import Given, Way

LABELS = {
    "percents": "Steps, percent of the users", "minutes": "Minutes per step, at least",
    "units": "Users per step, at least", "requests": "Their requests per step, at least",
}  # fmt: skip
SHARE = 0.01


def _numbers(name: str) -> forms.CharField:
    shown = ", ".join(map(str, DEFAULT_COLUMNS[name]))
    return forms.CharField(
        label=LABELS[name], initial=shown, required=False, widget=forms.TextInput(attrs={"class": "in"})
    )


def _margin(measure: Measure, share: float | None) -> forms.FloatField:
    unit = "points" if measure.value in POINTS else "%"
    return forms.FloatField(
        label=f"{measure.label}, {unit} worse at most", initial="" if share is None else f"{share / SHARE:g}", required=False,
        min_value=0, widget=forms.NumberInput(attrs={"class": "in", "step": "any", "min": 0}),
    )  # fmt: skip


USUAL: Mapping[str, float] = {each.measure: each.margin for each in DEFAULT.guardrails}
MARGINS: Mapping[str, Measure] = {
    f"margin_{each}": Measure(each) for each in ("success", "latency", "latency_p95", "cost", "fallback")
}
"""What the dialog offers to guard; those that are left empty are not. The slowest 5 % take many users to be known."""
FIELDS: Mapping[str, forms.Field] = {
    **{name: _numbers(name) for name in COLUMNS},
    **{name: _margin(measure, USUAL.get(measure.value)) for name, measure in MARGINS.items()},
}


def plan(given: Given) -> Plan:
    """Raises RolloutRefused."""
    problems, columns = {}, {}
    for name in COLUMNS:
        try:
            columns[name] = schedule.read_numbers(given[name])
        except ValueError as wrong:
            problems[name] = str(wrong)
    if problems:
        raise RolloutRefused(problems)
    listed = [
        {"measure": measure.value, "margin": round(given[name] * SHARE, 6)}
        for name, measure in MARGINS.items()
        if given.get(name) is not None
    ]
    return schedule.from_columns(columns, stepping.guardrails_of(listed))


def _demand(line: str, given: Given) -> None:
    stepping.demand_startable(line, given["release"], plan(given))


def _effect(pointer: Pointer, given: Given) -> Effect:
    steps, number = plan(given).steps, given["release"]
    first = effects.of_roll_out(pointer, number, steps[0].percent)
    later = ", ".join(str(each.percent) for each in steps[1:-1])
    return Effect(
        deed=f"Roll out {number} step by step", before=pointer.stable, after=number,
        sentences=[
            *first.sentences[:-1],
            f"Then {f'{later}, and ' if later else ''}everybody: each step waits for its time and its traffic, and is compared "
            f"with release {pointer.stable}.",
            f"If a guardrail breaks, release {pointer.stable} answers everybody again by itself, and an alert says which one.",
        ],
    )  # fmt: skip


def _do(line: str, given: Given, change: Change) -> str:
    chosen = plan(given)
    stepping.start(line, given["release"], change, chosen)
    return f"{line} {given['release']} goes out step by step, to {chosen.steps[0].percent} % first."


GRADUALLY = Way(
    name="gradually", label="Step by step, guarded",
    hint=f"{', '.join(str(each.percent) for each in DEFAULT.steps[:-1])}, then 100 %; at least "
    f"{', '.join(f'{each.requests:,}' for each in DEFAULT.steps[:-1])} requests per step.",
    fields=FIELDS, folded="Steps and guardrails", demand=_demand, effect=_effect, do=_do,
)  # fmt: skip
ways.WAYS.insert(0, GRADUALLY)
