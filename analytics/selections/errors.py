"""What can be wrong with the outcome of a selection.

SelectionError
├── AlreadyCompleted   another outcome was told before
├── UnknownDeployment  the model is not served there
└── CostUnknown        nothing was told and no price is known
"""

from collections.abc import Iterable
from uuid import UUID


class SelectionError(Exception):
    """`field` is what of the outcome is wrong."""

    field = ""


class AlreadyCompleted(SelectionError):
    def __init__(self, selection: UUID, outcome: object) -> None:
        super().__init__(f"Selection {selection} has another outcome already: {outcome}. An outcome is told once.")


class UnknownDeployment(SelectionError):
    field = "deployment"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"{name!r} is no deployment of the model. Allowed: {', '.join(known) or 'none'}.")


class CostUnknown(SelectionError):
    field = "cost_usd"

    def __init__(self, model: str, why: str) -> None:
        super().__init__(f"What {model} cost cannot be reckoned: {why} Give cost_usd.")
