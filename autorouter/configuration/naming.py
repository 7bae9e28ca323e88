"""What people call a value of a router bundle. Pure."""

from collections.abc import Sequence

from autorouter.configuration.tunables import shapes
from autorouter.configuration.tunables.kinds import Number, PointsByPattern

SECTIONS = {"profiles": "Score of", "policies": "Policy", "task_types": "Task type", "success": "Learned success of"}


def label(steps: Sequence[str]) -> str:
    """A tunable by its name with its unit; else what it is about and which of its values."""
    section, *rest = steps
    if section == "config":
        return _tunable(rest)
    about, *values = [each for each in rest if (section, each) != ("success", "kinds")] or [""]
    value = " ".join(each.replace("_", " ") for each in values if each != "value")
    return f"{SECTIONS.get(section, section)} {about}{f', {value}' if value else ''}"


def _tunable(steps: Sequence[str]) -> str:
    name = shapes.column_at(".".join(("config", *steps)))
    if name is None:
        return " ".join(steps).replace("_", " ").capitalize()
    column = shapes.COLUMNS[name]
    kind = column.kind.points if isinstance(column.kind, PointsByPattern) else column.kind
    entry = "".join(f", {each}" for each in steps[len(column.path) :])
    return f"{column.label}{entry}{f', {kind.unit}' if isinstance(kind, Number) else ''}"
