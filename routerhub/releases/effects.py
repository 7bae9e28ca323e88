"""What a rollout, a promotion, a rollback or a switch will change for whom, to be read before it is done. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from routerhub.releases.types import Pointer

AT_ONCE = "within a second"


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """A deed on one line, and what will happen: sentences, and the release that takes the place of another."""

    deed: str
    """What the button says."""
    sentences: Sequence[str]
    before: int
    after: int


def of_roll_out(pointer: Pointer, number: int, percent: int) -> Effect:
    """Of giving a release to `percent` of the users, 1 to 100."""
    if percent == 100 or number == pointer.stable:
        return _for_all(pointer, number, f"Roll out {number} to everybody")
    sentences = [
        f"{percent} % of the users get {_named(number)} {AT_ONCE}, always the same ones; "
        f"the others stay on {_named(pointer.stable)}."
    ]
    if pointer.candidate == number:
        sentences.append(f"Now {pointer.percent} % of the users have it.")
    elif pointer.candidate is not None:
        sentences.append(
            f"{_begun(pointer.candidate)}, which {pointer.percent} % of the users have now, is live for nobody then."
        )
    return Effect(
        deed=f"Roll out {number} to {percent} %", before=pointer.stable, after=number,
        sentences=[*sentences, "Rolling back takes it from them again as fast."],
    )  # fmt: skip


def of_promotion(pointer: Pointer, number: int) -> Effect:
    """Of giving the candidate to everybody."""
    return _for_all(pointer, number, f"Promote {number} to everybody")


def of_rollback(pointer: Pointer, number: int) -> Effect:
    """Of giving an earlier release to everybody again."""
    return _for_all(pointer, number, f"Roll back to {number}")


def of_switch(pointer: Pointer, switch: str, is_on: bool) -> Effect:
    """Of turning a line to the release in the code, or back to what is live."""
    live = _named(pointer.stable)
    if pointer.candidate is not None:
        live += f", and {_named(pointer.candidate)} for {pointer.percent} % of the users"
    if is_on:
        sentence = f"Everybody gets what is rolled out again {AT_ONCE}: {live}."
        return Effect(deed=f"Turn {switch} on", sentences=[sentence], before=0, after=pointer.stable)
    sentences = [
        f"Everybody gets {_named(0)} {AT_ONCE}, until {switch} is on again. Live is then: {live}.",
        "It works while the database does not, for every process that reads the switches of this host.",
    ]
    return Effect(deed=f"Turn {switch} off", sentences=sentences, before=pointer.stable, after=0)


def _for_all(pointer: Pointer, number: int, deed: str) -> Effect:
    sentences = [
        f"Everybody gets {_named(number)} {AT_ONCE}. Requests under way end on the release that they began with."
    ]
    if pointer.candidate is not None:
        sentences.append(
            f"Now {pointer.percent} % of the users have {_named(pointer.candidate)}, the others {_named(pointer.stable)}."
        )
    left = {pointer.stable, pointer.newest} - {number}
    sentences += [f"{_begun(each)} is kept and can be rolled out again." for each in sorted(left)]
    return Effect(deed=deed, sentences=sentences, before=pointer.newest, after=number)


def _named(number: int) -> str:
    return f"release {number}" if number else "release 0 (in the code)"


def _begun(number: int) -> str:
    return _named(number).capitalize()
