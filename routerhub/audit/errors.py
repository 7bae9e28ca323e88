"""What can go wrong with a change.

ChangeRefused    it breaks a rule; nothing was written. Each app's refusals derive from it
"""

from collections.abc import Mapping


class ChangeRefused(Exception):
    """A change breaks a rule; nothing was written. Carries every problem, by the path of its value ("" for the whole)."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{path}: {problem}" if path else problem for path, problem in problems.items()))
        self.problems = dict(problems)
