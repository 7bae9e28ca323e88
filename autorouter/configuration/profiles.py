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


def set_score(model: str, dimension: str, value: Decimal, source: str, dated: date, change: Change) -> int:
    """One score of a model, estimated, published at once. Raises InvalidRelease."""
    facts = {"value": float(value), "source": source, "dated": dated.isoformat(), "is_estimated": True}
    return set_scores({model: {dimension: facts}}, change)


@transaction.atomic
def set_scores(changes: Mapping[str, Mapping[str, Mapping[str, Any]]], change: Change) -> int:
    """Scores by model and dimension, each {"value", "source", "dated", "is_estimated"}, published at once.

    Raises InvalidRelease, with every problem by its path; nothing is written then.
    """
    problems = {
        f"profiles.{model}.{dimension}": f"allowed: {', '.join(DIMENSIONS)}."
        for model, scores in changes.items()
        for dimension in scores
        if dimension not in DIMENSIONS
    }
    if problems:
        raise InvalidRelease(problems)
    target = compiler.compile_bundle()
    for model, scores in changes.items():
        target["profiles"][model] = {**target["profiles"].get(model, {}), **scores}
    tables.write(target, change)
    return save.publish(change)
