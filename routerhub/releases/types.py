"""Releases as frozen values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from routerhub.audit.change import Change

Bundle = dict[str, Any]
"""A release's content as plain JSON."""
MAX_LINE_CHARS = 16
MAX_LABEL_CHARS = 60
State = Literal["live", "candidate", "draft", "replaced", "rolled back"]
"""How a release stands: live for all (or all but the candidate's users), live for a share, never live, live no more since a
newer one is, taken back from those who had it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseLine:
    """What is numbered together, and how its tables, bundles and parsed releases turn into one another."""

    name: str
    switch: str
    """The setting, and the name of the switch, that turns the line to release 0."""
    tables: tuple[str, ...]
    """What its bundles are compiled from: "app.Model"."""
    compile: Callable[[], Bundle]
    """The bundle that the tables would make now."""
    read: Callable[[Mapping[str, Any], int], Any]
    """A bundle parsed as release `number`. Raises InvalidRelease with every problem."""
    write: Callable[[Bundle, Change], None]
    """Make the tables say what a bundle says."""
    release0: Callable[[], Bundle]
    """The bundle of the release that ships with the code."""
    label: Callable[[Sequence[str]], str] = " · ".join
    """What people call the value at a path of a bundle, with its unit."""
    editor: str = ""
    """The name of the admin's page that opens any of its releases to go on from, by ?release=; empty where none does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pointer:
    """Which release of a line is live: `stable` for all but `percent` of the users, who get `candidate`."""

    line: str
    stable: int = 0
    candidate: int | None = None
    percent: int = 0

    @property
    def newest(self) -> int:
        """What the tables follow."""
        return self.stable if self.candidate is None else self.candidate
