"""Releases stored once, numbered, never changed: compiled from the tables, validated, published or kept as a draft."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction

from routerhub.audit import events, publishing
from routerhub.audit.change import Change
from routerhub.releases import lines, rollout
from routerhub.releases.differences import Difference, differences
from routerhub.releases.errors import LongLabel, UnknownRelease
from routerhub.releases.models import Release
from routerhub.releases.types import MAX_LABEL_CHARS, Bundle, ReleaseLine

MAX_REASON_CHARS = 255


def register(line: ReleaseLine) -> None:
    """Number a line's releases; from now on a change of one of its tables publishes the next one."""
    lines.add(line)

    def publish_line(change: Change) -> int:
        return publish(line.name, change)

    publishing.register(line.tables, publish_line)


def digest(bundle: Mapping[str, Any]) -> str:
    """SHA-256 of the bundle in its one canonical spelling."""
    return hashlib.sha256(json.dumps(bundle, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@transaction.atomic
def store(line: str, bundle: Bundle, change: Change, label: str = "") -> Release:
    """The next release of a line, live for nobody: a draft, called `label`. Raises InvalidRelease, LongLabel.

    A bundle equal to the newest release's makes no new one: that one is returned, and called so where there is a label.
    """
    lines.find(line).read(bundle, 0)
    demand_label(label)
    rollout.locked(line, change)
    fingerprint = digest(bundle)
    newest = Release.objects.filter(line=line).order_by("-number").first()
    if newest and newest.digest == fingerprint:
        if label:
            newest.label = label
            newest.save(update_fields=["label"])
        return newest
    return Release.objects.create(
        line=line,
        number=newest.number + 1 if newest else 1,
        digest=fingerprint,
        bundle=bundle,
        author_id=change.author_id,
        reason=change.reason[:MAX_REASON_CHARS],
        label=label,
    )


def demand_label(label: str) -> None:
    """Raises LongLabel."""
    if len(label) > MAX_LABEL_CHARS:
        raise LongLabel(label, MAX_LABEL_CHARS)


@transaction.atomic
def rename(line: str, number: int, label: str, change: Change) -> None:
    """Call a stored release so; empty: it has no name. Raises LongLabel, UnknownLine, UnknownRelease."""
    demand_label(label)
    if not Release.objects.filter(line=lines.find(line).name, number=number).update(label=label):
        raise UnknownRelease(line, number)
    called = f"called {label!r}" if label else "not called anything any more"
    events.note("release named", change.because(f"{called}: {change.reason}"), f"{line} release {number}")


@transaction.atomic
def publish(line: str, change: Change) -> int:
    """Make the line's tables its live release and return its number. Raises InvalidRelease; nothing is written then.

    What has not changed makes no new one. While a candidate is rolled out, the new release takes the candidate's place and
    share: what is tried out by a few does not reach all because somebody saved something else.
    """
    bundle = lines.find(line).compile()
    pointer = rollout.locked(line, change)
    live = Release.objects.filter(
        line=line, number=pointer.stable if pointer.candidate is None else pointer.candidate
    ).first()
    if live and live.digest == digest(bundle):
        return live.number
    release = store(line, bundle, change)
    if pointer.candidate is None:
        rollout.point(pointer, release.number, None, 0, change)
    else:
        rollout.point(pointer, pointer.stable, release.number, pointer.percent, change)
    return release.number


@transaction.atomic
def draft(line: str, edit: Callable[[], object], change: Change, label: str = "") -> int:
    """Store what the tables would say after `edit` as a release that is live for nobody; the tables stay as they are.

    Raises InvalidRelease, and whatever `edit` raises.
    """
    before = transaction.savepoint()
    try:
        edit()
        made = lines.find(line).compile()
    finally:
        transaction.savepoint_rollback(before)
    return store(line, made, change, label).number


def is_settled(line: str) -> bool:
    """Whether everybody is served what the tables say, or nobody published yet. Not so in a rollout and after a rollback.

    Both bundles are compared as they are read, since a newer version of the code may spell the same thing otherwise.
    """
    known = lines.find(line)
    pointer = rollout.pointers().get(line)
    if pointer is None:
        return True
    live = Release.objects.filter(line=line, number=pointer.stable).first()
    try:
        return (
            pointer.candidate is None
            and live is not None
            and known.read(live.bundle, 0) == known.read(known.compile(), 0)
        )
    except (
        ValueError
    ):  # the live one cannot be read by this version of the code: staff publish anew when they choose to
        return False


def listed(line: str) -> list[Release]:
    """Every release of a line without its bundle, the newest first."""
    return list(Release.objects.filter(line=line).select_related("author").defer("bundle"))


def find(line: str, number: int) -> Release | None:
    """A stored release without its bundle; None for 0, the one in the code."""
    return Release.objects.filter(line=line, number=number).select_related("author").defer("bundle").first()


def bundle(line: str, number: int) -> Bundle:
    """The bundle of any release, 0 (the one in the code) included. Raises UnknownLine, UnknownRelease."""
    known = lines.find(line)
    if number == 0:
        return known.release0()
    found = Release.objects.filter(line=line, number=number).values_list("bundle", flat=True).first()
    if found is None:
        raise UnknownRelease(line, number)
    return dict(found)


def release(line: str, number: int) -> Any:
    """Any release, parsed. Raises UnknownLine, UnknownRelease, InvalidRelease."""
    return lines.find(line).read(bundle(line, number), number)


def compared(line: str, before: int, after: int) -> list[Difference]:
    """Every value in which two releases of a line differ. Raises UnknownLine, UnknownRelease."""
    return list(differences(bundle(line, before), bundle(line, after)))
