"""What can go wrong with releases.

ReleaseError
├── InvalidRelease    a bundle that breaks a rule of its line; carries every problem
├── UnknownLine       a line that nobody registered
├── UnknownRelease    a release number that its line does not have
├── NoRollout         a promotion where nothing is being rolled out
├── InvalidShare      a rollout to a share that is none
├── NoShare           a rollout to a share that was left out
├── LongLabel         a name that is too long
└── InvalidFile       a file that is no release as it was downloaded
"""

from collections.abc import Iterable

from routerhub.audit.errors import ChangeRefused


class ReleaseError(ChangeRefused):
    """Base of these errors. The message says what was given and what is allowed."""


class InvalidRelease(ReleaseError, ValueError):
    """A bundle that breaks a rule of its line; carries every problem, by the path of its value."""


class UnknownLine(ReleaseError):
    """A line that nobody registered."""

    def __init__(self, given: str, allowed: Iterable[str]) -> None:
        super().__init__({"": f"There is no line {given!r}. Allowed: {', '.join(allowed)}."})


class UnknownRelease(ReleaseError):
    """A release number that its line does not have."""

    def __init__(self, line: str, number: int) -> None:
        super().__init__({"": f"Line {line} has no release {number}."})
        self.line = line
        self.number = number


class NoRollout(ReleaseError):
    """A promotion where nothing is being rolled out."""

    def __init__(self, line: str) -> None:
        super().__init__({"": f"Line {line} has no candidate: everybody is on the stable release."})


class InvalidShare(ReleaseError, ValueError):
    """A rollout to a share of the users that is none."""

    def __init__(self, percent: int) -> None:
        super().__init__({"percent": f"{percent} is not from 1 to 100."})


class NoShare(ReleaseError, ValueError):
    """A rollout to a share that was left out."""

    def __init__(self) -> None:
        super().__init__({"percent": "Write for how many percent of the users, 1 to 100."})

    def __str__(self) -> str:
        return self.problems["percent"]


class LongLabel(ReleaseError, ValueError):
    """A name that is too long."""

    def __init__(self, label: str, allowed: int) -> None:
        super().__init__({"label": f"It has {len(label)} characters; allowed are {allowed}."})


class InvalidFile(ReleaseError, ValueError):
    """A file that is no release as it was downloaded; by what is wrong in it."""
