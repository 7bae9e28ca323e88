"""What can go wrong with a change, and with the chain of what happened.

ChangeRefused    it breaks a rule; nothing was written. Each app's refusals derive from it
ChainRefused     nothing can be sealed as things are; it says what to do
"""

from collections.abc import Mapping


class ChangeRefused(Exception):
    """A change breaks a rule; nothing was written. Carries every problem, by the path of its value ("" for the whole)."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(self.sentences()))

    def sentences(self) -> list[str]:
        """Every problem, for people."""
        return [f"{self.label(path)}: {problem}" if path else problem for path, problem in self.problems.items()]

    def label(self, path: str) -> str:
        """What people call the value at a path."""
        return path


class ChainRefused(Exception):
    """Nothing can be sealed as things are; it says what to do."""
