"""Releases of both lines: stored once, numbered, never changed; and the pointers that say which one is live."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, get_args

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection, transaction

from models_registry import audit
from models_registry.errors import UnknownRelease
from models_registry.models import Release, Rollout
from models_registry.types import Line, Pointer

LINES: tuple[Line, ...] = get_args(Line)
CHANNEL = "routerhub_changes"
"""PostgreSQL channel on which every process hears of a change, with what changed as the payload."""


def digest(bundle: Mapping[str, Any]) -> str:
    """SHA-256 of the bundle in its one canonical spelling."""
    return hashlib.sha256(json.dumps(bundle, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@transaction.atomic
def publish(line: Line, bundle: Mapping[str, Any], author: AbstractBaseUser | None, reason: str) -> Release:
    """Store the next release of a line and make it live for all. The caller has validated the bundle.

    A bundle equal to the live release's makes no new one: the live one is returned.
    """
    rollout, _ = Rollout.objects.select_for_update().get_or_create(line=line)
    fingerprint = digest(bundle)
    live = Release.objects.filter(line=line, number=rollout.stable).first()
    if live and live.digest == fingerprint and rollout.candidate is None:
        return live
    newest = Release.objects.filter(line=line).order_by("-number").first()
    release = Release.objects.create(
        line=line,
        number=newest.number + 1 if newest else 1,
        digest=fingerprint,
        bundle=bundle,
        author_id=author.pk if author else None,
        reason=reason,
    )
    _point(rollout, release.number, author, reason)
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
def rollback(line: Line, number: int, author: AbstractBaseUser | None, reason: str) -> None:
    """Make an earlier release live again; 0 is the one in the code. Raises UnknownRelease."""
    if number and not Release.objects.filter(line=line, number=number).exists():
        raise UnknownRelease(line, number)
    rollout, _ = Rollout.objects.select_for_update().get_or_create(line=line)
    _point(rollout, number, author, reason)


def _point(rollout: Rollout, number: int, author: AbstractBaseUser | None, reason: str) -> None:
    rollout.stable, rollout.candidate, rollout.percent = number, None, 0
    audit.stamp(rollout, author, reason)
    rollout.save()
    announce(rollout.line)


def announce(what: str) -> None:
    """Tell every process, when the transaction commits, that `what` changed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, what])


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
