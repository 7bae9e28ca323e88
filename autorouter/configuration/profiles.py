"""Profile scores changed one at a time, or many at once, each with its source and date."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from autorouter.configuration import compiler, save, tables
from autorouter.configuration.bundles import DIMENSIONS
from routerhub.audit.change import Change
from routerhub.releases.errors import InvalidRelease

FACTS = ("value", "source", "dated", "is_estimated")
"""What is said of a score."""


def set_score(model: str, dimension: str, value: Decimal, source: str, dated: date, change: Change) -> int:
    """One score of a model, estimated, published at once. Raises InvalidRelease."""
    facts = {"value": float(value), "source": source, "dated": dated.isoformat(), "is_estimated": True}
    return set_scores({model: {dimension: facts}}, change)


@transaction.atomic
def set_scores(changes: Mapping[str, Mapping[str, Mapping[str, Any]]], change: Change) -> int:
    """Scores by model and dimension, each {"value", "source", "dated", "is_estimated"}, published at once.

    Raises InvalidRelease, with every problem by its path; nothing is written then.
    """
    cells = {
        f"profiles.{model}.{name}": (name, facts) for model, scores in changes.items() for name, facts in scores.items()
    }
    problems = {
        path: f"allowed: {', '.join(DIMENSIONS)}." for path, (name, _) in cells.items() if name not in DIMENSIONS
    }
    for path, (_, facts) in cells.items():
        problems |= {f"{path}.{unknown}": f"allowed: {', '.join(FACTS)}." for unknown in facts.keys() - set(FACTS)}
    if problems:
        raise InvalidRelease(problems)
    target = compiler.compile_bundle()
    for model, scores in changes.items():
        target["profiles"][model] = {**target["profiles"].get(model, {}), **scores}
    tables.write(target, change)
    return save.publish(change)
