"""What every page of the admin says on top while it holds: that the sandbox answers, a switch is off or a rollout runs."""

from collections.abc import Iterator
from dataclasses import dataclass

from models_registry.sandbox import standing_in
from routerhub.releases import lines, rollout, switches


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """One line. `look` is how it is drawn: as a tape, a warning or something on its way."""

    look: str
    strong: str
    text: str
    page: str = ""
    """Where it can be changed; empty: not here."""


def notices() -> list[Notice]:
    """Raises DatabaseError."""
    return [*_sandbox(), *_switches(), *_rollouts()]


def _sandbox() -> Iterator[Notice]:
    if standing_in.answers():
        yield Notice(look="tape", strong="The sandbox answers.", text="What is asked now is made up and costs nothing.")


def _switches() -> Iterator[Notice]:
    for line, is_on in switches.current().items():
        if not is_on:
            yield Notice(
                look="off", strong=f"{lines.find(line).switch} is off.", text=f"Release 0 of the {line} decides.",
                page="switches",
            )  # fmt: skip


def _rollouts() -> Iterator[Notice]:
    for line, pointer in rollout.pointers().items():
        if pointer.candidate is not None:
            yield Notice(
                look="rolling", strong=f"{line.capitalize()} release {pointer.candidate}",
                text=f"is live for {pointer.percent} % of the users.", page="releases",
            )  # fmt: skip
