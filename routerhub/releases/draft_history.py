"""Drafts in the history: releases that nobody ever got, each with what it says otherwise than the one before."""

from collections.abc import Iterator
from functools import partial

from django.db.models import Q
from django.urls import reverse

from routerhub.audit.entries import SOURCES, Asked, FieldChange, Found, Source, VersionEntry
from routerhub.audit.versions import within
from routerhub.releases import lines, rollout, store
from routerhub.releases.models import Release
from routerhub.releases.types import Pointer

MAX_CHANGES = 40


def found(asked: Asked) -> list[Found]:
    """The newest first."""
    if asked.kind not in ("", "added"):
        return []
    rows = Release.objects.exclude(_was_live()).filter(_fits(asked)).select_related("author").defer("bundle")
    rows = within(rows, "created_at", asked.since, asked.until)
    return [
        Found(history_date=row.created_at, history_id=row.pk, described=partial(_entry, row))
        for row in rows.order_by("-created_at", "-pk")[: asked.limit]
    ]


def _was_live() -> Q:
    """What some user got, or gets."""
    live, pointers = Q(pk__in=[]), rollout.pointers()
    for line in lines.names():
        live |= Q(line=line, number__in=rollout.had(pointers.get(line, Pointer(line=line))))
    return live


def _fits(asked: Asked) -> Q:
    fits = Q(author__username=asked.author) if asked.author else Q()
    if asked.q:
        fits &= Q(reason__icontains=asked.q) | Q(label__icontains=asked.q)
    return fits


def _entry(row: Release) -> VersionEntry:
    before = row.number - 1
    address = reverse("admin:release_difference", args=[row.line])
    return VersionEntry(
        table=DRAFTS.name, id=row.pk, row=str(row.number), name=str(row), kind="added", at=row.created_at,
        author=str(row.author or ""), ip=None, reason=row.reason, changes=tuple(_changes(row, before)),
        address=f"{address}?before={before}&after={row.number}",
    )  # fmt: skip


def _changes(row: Release, before: int) -> Iterator[FieldChange]:
    for each in store.compared(row.line, before, row.number)[:MAX_CHANGES]:
        yield FieldChange(field=each.path, before=each.before, after=each.after)


DRAFTS = Source(name="draft", title="draft", model=Release, found=found)
SOURCES[DRAFTS.name] = DRAFTS
