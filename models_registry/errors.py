"""What can go wrong with the catalogue.

RegistryError
├── UnknownPrice      no price is known for a deployment, a moment or a token class
├── ImpossibleUsage   token counts that contradict one another
├── InvalidRelease    a catalogue bundle that breaks a rule; carries every problem
├── UnknownRelease    a release number that its line does not have
├── NoRollout         a promotion where nothing is being rolled out
├── UnreadableSource  a price list that could not be fetched or read
├── UnreadableFile    an import that is not of its format
├── UnwritableFile    an export that its format cannot hold
└── UpstreamError     see models_registry.upstream.errors
"""

from collections.abc import Mapping


class RegistryError(Exception):
    """Base of this app's errors. The message says what was given and what is allowed."""


class UnknownPrice(RegistryError):
    """No price is known for a deployment, a moment or a token class. It is never taken for free."""


class ImpossibleUsage(RegistryError):
    """Token counts that contradict one another, such as more cached than input tokens."""


class InvalidRelease(RegistryError, ValueError):
    """A catalogue bundle that breaks a rule; carries every problem, by the path of its value."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{path}: {problem}" for path, problem in problems.items()))
        self.problems = dict(problems)


class UnknownRelease(RegistryError):
    """A release number that its line does not have."""

    def __init__(self, line: str, number: int) -> None:
        super().__init__(f"Line {line} has no release {number}.")
        self.line = line
        self.number = number


class NoRollout(RegistryError):
    """A promotion where nothing is being rolled out."""

    def __init__(self, line: str) -> None:
        super().__init__(f"Line {line} has no candidate: everybody is on the stable release.")


class UnreadableSource(RegistryError):
    """A price list that could not be fetched or read."""


class UnreadableFile(RegistryError):
    """An import that is not of its format."""


class UnwritableFile(RegistryError):
    """An export that its format cannot hold."""
