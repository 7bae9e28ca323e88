"""Releases of both lines: stored once, numbered, never changed; and the pointers that say which one is live.

A line points at a stable release and, while one is rolled out, at a candidate that a share of the users gets.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, connection, transaction

from routerhub.audit import history
from routerhub.releases.errors import NoRollout, UnknownRelease
from routerhub.releases.models import Release, Rollout
from routerhub.releases.types import Line, Pointer

LINES: tuple[Line, ...] = get_args(Line)
CHANNEL = "routerhub_changes"
"""PostgreSQL channel on which every process hears of a change, with what changed as the payload."""
ABSENT = "(absent)"


def digest(bundle: Mapping[str, Any]) -> str:
    """SHA-256 of the bundle in its one canonical spelling."""
    return hashlib.sha256(json.dumps(bundle, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@transaction.atomic
def store(line: Line, bundle: Mapping[str, Any], author: AbstractBaseUser | None, reason: str) -> Release:
    """The next release of a line, live for nobody: a draft. The caller has validated the bundle.

    A bundle equal to the newest release's makes no new one: that one is returned.
    """
    _locked(line, author, reason)
    fingerprint = digest(bundle)
    newest = Release.objects.filter(line=line).order_by("-number").first()
    if newest and newest.digest == fingerprint:
        return newest
    return Release.objects.create(
        line=line,
        number=newest.number + 1 if newest else 1,
        digest=fingerprint,
        bundle=bundle,
        author_id=author.pk if author else None,
        reason=reason[:255],
    )


@transaction.atomic
def publish(line: Line, bundle: Mapping[str, Any], author: AbstractBaseUser | None, reason: str) -> Release:
    """Store the next release of a line and make it live; what has not changed makes no new one.

    While a candidate is rolled out, the new release takes the candidate's place and share: what is tried out by a few
    does not reach all because somebody saved something else.
    """
    rollout = _locked(line, author, reason)
    newest = rollout.stable if rollout.candidate is None else rollout.candidate
    live = Release.objects.filter(line=line, number=newest).first()
    if live and live.digest == digest(bundle):
        return live
    release = store(line, bundle, author, reason)
    if rollout.candidate is None:
        _point(rollout, release.number, None, 0, author, reason)
    else:
        _point(rollout, rollout.stable, release.number, rollout.percent, author, reason)
    return release


def is_settled(line: Line, bundle: Mapping[str, Any], read: Callable[[Mapping[str, Any], int], object]) -> bool:
    """Whether everybody is served what `bundle` says, or nobody published yet. Not so in a rollout and after a rollback.

    Both bundles are compared as `read`, since a newer version of the code may spell the same thing otherwise.
    """
    rollout = Rollout.objects.filter(line=line).first()
    if rollout is None:
        return True
    live = Release.objects.filter(line=line, number=rollout.stable).first()
    try:
        return rollout.candidate is None and live is not None and read(live.bundle, 0) == read(bundle, 0)
    except (
        ValueError
    ):  # the live one cannot be read by this version of the code: staff publish anew when they choose to
        return False


@transaction.atomic
def roll_out(line: Line, number: int, percent: int, author: AbstractBaseUser | None, reason: str) -> None:
    """Make a stored release live for `percent` of the users, 1 to 100; 100 is for all. Raises UnknownRelease."""
    _demand_stored(line, number)
    rollout = _locked(line, author, reason)
    if percent >= 100 or number == rollout.stable:
        _point(rollout, number, None, 0, author, reason)
    else:
        _point(rollout, rollout.stable, number, percent, author, reason)


@transaction.atomic
def promote(line: Line, author: AbstractBaseUser | None, reason: str) -> int:
    """Make the candidate live for all and return its number. Raises NoRollout."""
    rollout = Rollout.objects.select_for_update().filter(line=line).first()
    if rollout is None or rollout.candidate is None:
        raise NoRollout(line)
    _point(rollout, rollout.candidate, None, 0, author, reason)
    return rollout.stable


@transaction.atomic
def rollback(line: Line, number: int | None, author: AbstractBaseUser | None, reason: str) -> int:
    """Make an earlier release live again for all, and return its number; 0 is the one in the code.

    Without a number: in a rollout the candidate is withdrawn, else it is the release that was stable before this one.
    Raises UnknownRelease.
    """
    rollout = _locked(line, author, reason)
    target = _before(rollout) if number is None else number
    _demand_stored(line, target)
    _point(rollout, target, None, 0, author, reason)
    return target


def _locked(line: Line, author: AbstractBaseUser | None, reason: str) -> Rollout:
    """The line's pointer, locked until the transaction ends; made where nobody ever published."""
    if not Rollout.objects.filter(line=line).exists():
        first = Rollout(line=line)
        history.stamp(first, author, reason)
        # Whoever comes second finds the one that the first made.
        with contextlib.suppress(IntegrityError), transaction.atomic():
            first.save(force_insert=True)
    return Rollout.objects.select_for_update().get(line=line)


def _before(rollout: Rollout) -> int:
    if rollout.candidate is not None:
        return rollout.stable
    earlier = rollout.history.exclude(stable=rollout.stable).first()
    return earlier.stable if earlier else 0


def _demand_stored(line: Line, number: int) -> None:
    if number and not Release.objects.filter(line=line, number=number).exists():
        raise UnknownRelease(line, number)


def _point(
    rollout: Rollout, stable: int, candidate: int | None, percent: int, author: AbstractBaseUser | None, reason: str
) -> None:
    rollout.stable, rollout.candidate, rollout.percent = stable, candidate, percent
    history.stamp(rollout, author, reason)
    rollout.save()
    announce(rollout.line)


def announce(what: str) -> None:
    """Tell every process, when the transaction commits, that `what` changed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, what])


def listed(line: Line) -> list[Release]:
    """Every release of a line without its bundle, the newest first."""
    return list(Release.objects.filter(line=line).select_related("author").defer("bundle"))


def pointers() -> dict[Line, Pointer]:
    """What is live on each line; a line that nobody ever published on is missing."""
    rows = {row.line: row for row in Rollout.objects.all()}
    return {
        line: Pointer(line=line, stable=row.stable, candidate=row.candidate, percent=row.percent)
        for line in LINES
        if (row := rows.get(line))
    }


def bundle(line: Line, number: int) -> dict[str, Any]:
    """The bundle of a stored release. Raises UnknownRelease; number 0 is in the code, not here."""
    found = Release.objects.filter(line=line, number=number).values_list("bundle", flat=True).first()
    if found is None:
        raise UnknownRelease(line, number)
    return dict(found)


def pick(pointer: Pointer, user_key: str) -> int:
    """The release for one user: the candidate for `percent` of 100, always the same ones while it grows."""
    if pointer.candidate is None:
        return pointer.stable
    drawn = hashlib.sha256(f"{pointer.line}:{pointer.candidate}:{user_key}".encode()).digest()
    return pointer.candidate if int.from_bytes(drawn[:8], "big") % 100 < pointer.percent else pointer.stable


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One value that two bundles have otherwise. ABSENT stands where one has none."""

    path: str
    before: Any
    after: Any


def differences(before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    """Every value in which two bundles differ, by its path, in order. Lists of objects are compared place by place."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted(before.keys() | after.keys()):
            yield from differences(
                before.get(name, ABSENT), after.get(name, ABSENT), f"{path}.{name}" if path else name
            )
    elif _is_objects(before) and _is_objects(after):
        for at in range(max(len(before), len(after))):
            one = before[at] if at < len(before) else ABSENT
            other = after[at] if at < len(after) else ABSENT
            yield from differences(one, other, f"{path}[{at}]")
    elif before != after:
        yield Difference(path=path, before=before, after=after)


def _is_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, Mapping) for each in value)
