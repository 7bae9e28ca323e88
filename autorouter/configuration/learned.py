"""What was learned of models' success, written where releases are compiled from. Nothing is published here."""

from collections.abc import Mapping
from typing import Any

from autorouter.configuration import compiler, tables
from autorouter.decision import success
from autorouter.decision.success import LearnedSuccess
from routerhub.audit.change import Change


def write(models: Mapping[str, LearnedSuccess | None], change: Change) -> None:
    """What was learned of these models, in place of what the tables say of them; None: nothing any more. The others stay.

    Raises InvalidRelease; nothing is written then.
    """
    target = compiler.compile_bundle()
    learned = {**target.get("success", {}), **{model: each and spelled(each) for model, each in models.items()}}
    tables.write({**target, "success": {model: facts for model, facts in learned.items() if facts}}, change)


def spelled(learned: LearnedSuccess) -> dict[str, Any]:
    """As a bundle spells it."""
    kinds = {
        category: {"outcomes": kind.outcomes, "shift": kind.shift, "least_seen": kind.least_seen}
        for category, kind in learned.kinds.items()
    }
    return {"kinds": kinds, "terms": success.written(learned.terms)}
