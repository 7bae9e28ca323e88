"""Which release is live, and for whom: roll out, promote, roll back.

A line points at a stable release and, while one is rolled out, at a candidate that a share of the users gets. After every
step the editable tables say what the newest release in use says (the candidate in a rollout, else the stable one), so that
the next save builds on it and a withdrawn change does not come back by itself.
"""

import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from django.db import IntegrityError, transaction

from routerhub.audit import history
from routerhub.audit.change import Change
from routerhub.releases import lines
from routerhub.releases.errors import InvalidShare, NoRollout, UnknownRelease
from routerhub.releases.models import Release, Rollout
from routerhub.releases.notify import announce
from routerhub.releases.types import Pointer, State

EVERYBODY = 100


def pointers() -> dict[str, Pointer]:
    """What is live on each line; a line that nobody ever published on is missing."""
    rows = {row.line: row for row in Rollout.objects.all()}
    return {
        line: Pointer(line=line, stable=row.stable, candidate=row.candidate, percent=row.percent)
        for line in lines.names()
        if (row := rows.get(line))
    }


def pointer(line: str) -> Pointer:
    """What is live on one line. Raises UnknownLine."""
    return pointers().get(lines.find(line).name, Pointer(line=line))


def pick(pointer: Pointer, user_key: str) -> int:
    """The release for one user: the candidate for `percent` of 100, always the same ones while it grows."""
    if pointer.candidate is None:
        return pointer.stable
    drawn = hashlib.sha256(f"{pointer.line}:{pointer.candidate}:{user_key}".encode()).digest()
    return pointer.candidate if int.from_bytes(drawn[:8], "big") % 100 < pointer.percent else pointer.stable


def demand_share(percent: int) -> None:
    """Raises InvalidShare for what is no share of the users: it is 1 to 100 percent."""
    if not 1 <= percent <= EVERYBODY:
        raise InvalidShare(percent)


@transaction.atomic
def roll_out(line: str, number: int, percent: int, change: Change) -> None:
    """Make a stored release live for `percent` of the users, 1 to 100; 100 is for all.

    Raises UnknownLine, UnknownRelease, InvalidShare.
    """
    demand_share(percent)
    demand_stored(line, number)
    row = locked(line, change)
    if percent == EVERYBODY or number == row.stable:
        point(row, number, None, 0, change)
    else:
        point(row, row.stable, number, percent, change)
    _bring_tables(line, number, change)


@transaction.atomic
def promote(line: str, change: Change) -> int:
    """Make the candidate live for all and return its number. Raises NoRollout."""
    row = Rollout.objects.select_for_update().filter(line=line).first()
    if row is None or row.candidate is None:
        raise NoRollout(line)
    point(row, row.candidate, None, 0, change)
    return row.stable


@transaction.atomic
def rollback(line: str, number: int | None, change: Change) -> int:
    """Make an earlier release live again for all, and return its number; 0 is the one in the code.

    Without a number: in a rollout the candidate is withdrawn, else it is the release that was stable before this one.
    Raises UnknownLine, UnknownRelease.
    """
    row = locked(line, change)
    target = before(pointer(line)) if number is None else number
    demand_stored(line, target)
    point(row, target, None, 0, change)
    _bring_tables(line, target, change)
    return target


def locked(line: str, change: Change) -> Rollout:
    """The line's pointer, locked until the transaction ends; made where nobody ever published. Raises UnknownLine."""
    known = lines.find(line).name
    if not Rollout.objects.filter(line=known).exists():
        first = Rollout(line=known)
        history.stamp(first, change)
        # Whoever comes second finds the one that the first made.
        with contextlib.suppress(IntegrityError), transaction.atomic():
            first.save(force_insert=True)
    return Rollout.objects.select_for_update().get(line=known)


def point(row: Rollout, stable: int, candidate: int | None, percent: int, change: Change) -> None:
    """Move a locked pointer, and tell every process."""
    row.stable, row.candidate, row.percent = stable, candidate, percent
    history.stamp(row, change)
    row.save()
    announce(row.line)


def before(pointer: Pointer) -> int:
    """Where a rollback without a number leads: a candidate is withdrawn, else it is the release that was stable before."""
    if pointer.candidate is not None:
        return pointer.stable
    earlier = Rollout.history.filter(line=pointer.line).exclude(stable=pointer.stable).first()
    return earlier.stable if earlier else 0


def compared_with(line: str, number: int) -> int:
    """What a release is usually compared with: what is live, and what is live with what was so before it."""
    found = pointer(line)
    return before(replace(found, candidate=None)) if number == found.stable else found.stable


def states(pointer: Pointer) -> Callable[[int], State]:
    """Says of each release of a line how it stands. What nobody ever got is a draft; what gave way to an older one was rolled
    back."""
    known = had(pointer)
    return lambda number: known.get(number, "draft")


def had(pointer: Pointer) -> dict[int, State]:
    """Every release that somebody has or had, with how it stands."""
    found: dict[int, State] = {number: state for number, (state, _) in left(pointer.line).items()}
    if pointer.candidate is not None:
        found[pointer.candidate] = "candidate"
    return {**found, pointer.stable: "live"}


def left(line: str) -> dict[int, tuple[State, str]]:
    """Of every release that somebody had and nobody has any more, how it went when it went last, and why."""
    rows = Rollout.history.filter(line=line).order_by("history_id")
    moves = rows.values_list("stable", "candidate", "history_change_reason")
    found: dict[int, tuple[State, str]] = {}
    for (stable, candidate, _), (next_stable, next_candidate, why) in pairwise(moves):
        for number in {stable, candidate} - {next_stable, next_candidate, None}:
            newest = next_stable if next_candidate is None else next_candidate
            found[number] = ("rolled back" if number > newest else "replaced", why or "")
    return found


def demand_stored(line: str, number: int) -> None:
    """Raises UnknownRelease for a number that the line does not have; 0, the one in the code, it always has."""
    if number and not Release.objects.filter(line=line, number=number).exists():
        raise UnknownRelease(line, number)


def _bring_tables(line: str, number: int, change: Change) -> None:
    known = lines.find(line)
    found = Release.objects.filter(line=line, number=number).values_list("bundle", flat=True).first()
    bundle = known.release0() if found is None else dict(found)
    known.write(bundle, change.because(f"release {number}: {change.reason}"))
