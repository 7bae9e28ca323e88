"""What can go wrong when something is tried out.

ExperimentError
├── UnknownOperation   a request id that no record has
├── NotReproducible    a record that does not keep what its decision came from
├── BadSlice           a selection of records that makes no sense
├── AlreadySeeded      a demonstration is there already
└── RolloutRefused     a rollout by steps that cannot be begun or moved like that; by field
"""

from collections.abc import Mapping

from routerhub.audit.errors import ChangeRefused


class ExperimentError(Exception):
    """Base of this app's errors. The message says what was given and what is allowed."""


class UnknownOperation(ExperimentError):
    """A request id that no record has."""

    def __init__(self, given: object) -> None:
        super().__init__(f"There is no record of a request {given}.")


class NotReproducible(ExperimentError):
    """A record that does not keep what its decision came from."""


class BadSlice(ExperimentError, ValueError):
    """A selection of records that makes no sense; `field` is what is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class AlreadySeeded(ExperimentError):
    """A demonstration is there already."""

    def __init__(self) -> None:
        super().__init__("A demonstration is there already: `manage.py seed_demo --remove` takes it away.")


class RolloutRefused(ExperimentError, ChangeRefused):
    """A rollout by steps that cannot be begun or moved like that. Carries every problem, by the path of its value."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        ChangeRefused.__init__(self, problems)
