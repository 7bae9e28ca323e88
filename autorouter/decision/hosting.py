"""Where the models of a decision are called. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Hosting:
    """Where a model is called, and what was measured there."""

    deployments: tuple[str, ...] = ()
    """By id, in the order in which they are tried."""
    moved: str = ""
    """What was measured that made this another order than the model's own; empty where it is its own."""
    expected_ms: int = 0
    """Until an answer of the first one is there; 0 where nothing was measured."""


UNHOSTED = Hosting()
