"""Exports that are written in the background: claimed, written piece by piece, kept sealed, and forgotten.

An export is a row, so that nothing is lost when a process stops: whoever works next begins it anew. Its pieces are kept in the
database, where every process finds them, sealed for this export alone.
"""

import logging
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now

from analytics.exports.writing import check_format, written
from analytics.models import Export, ExportPiece, ExportState, Record
from analytics.requests import exporting
from analytics.requests.columns import COLUMNS, rows
from analytics.requests.filters import RecordFilter
from routerhub import waking
from routerhub.audit.change import Change
from routerhub.sealing import Sealer

logger = logging.getLogger(__name__)
PIECE = 1024 * 1024
"""Bytes of the file that are sealed together."""
STALE_AFTER = timedelta(minutes=2)
"""An export without progress for so long was left by a process that is gone."""
NOTED_EVERY = 5_000
"""Rows."""
AT_ONCE = 3
"""So many of one person, or of one account's keys that are nobody's, wait or are written."""
UNDER_WAY = (ExportState.WAITING, ExportState.RUNNING)
FAST = 1
"""zlib's level."""


class Gone(Exception):
    """Somebody deleted the export while it was written."""


@transaction.atomic
def start(
    chosen: RecordFilter, format_name: str, user_id: int | None, account_id: int | None, change: Change
) -> Export:
    """Have the requests of a valid selection written. Its range ends now, if it has no end. Raises ValidationError."""
    check_format(format_name)
    whose: dict[str, Any] = {"user_id": user_id, "account_id": account_id}
    if Export.objects.filter(**whose, state__in=UNDER_WAY).count() >= AT_ONCE:
        raise ValidationError(f"{AT_ONCE} exports of yours are under way: wait for one of them, or delete it.")
    export = Export.objects.create(
        query=_frozen(chosen),
        format=format_name,
        name=exporting.name_of(chosen),
        user_id=user_id,
        account_id=account_id,
    )
    exporting.told(chosen, format_name, change, account_id)
    transaction.on_commit(partial(waking.wake, "analytics.tasks.work_exports"))
    return export


def _frozen(chosen: RecordFilter) -> dict[str, str]:
    """The filters as they were given, with the range as moments."""
    selected = chosen.selected
    given = {name: str(chosen.data[name]) for name in selected if chosen.data.get(name)}
    given.pop("range", None)
    moments = {"until": selected.get("until") or now(), **({"since": selected["since"]} if "since" in selected else {})}
    return {**given, **{name: moment.isoformat() for name, moment in moments.items()}}


def work_all() -> int:
    """Write every export that waits, those left by a process that is gone among them. Returns how many."""
    worked = 0
    while (export := _claim()) is not None:
        write(export)
        worked += 1
    return worked


def _claim() -> Export | None:
    """The next export that waits, marked as being written."""
    stale = Q(state=ExportState.RUNNING, touched_at__lt=now() - STALE_AFTER)
    with transaction.atomic():
        waiting = Export.objects.filter(Q(state=ExportState.WAITING) | stale)
        export = waiting.select_for_update(skip_locked=True).order_by("created_at").first()
        if export is not None:
            export.state, export.rows, export.size = ExportState.RUNNING, 0, 0
            export.save(update_fields=["state", "rows", "size", "touched_at"])
            export.pieces.all().delete()
        return export


def write(export: Export) -> None:
    """Write the file. Ends as ready, or failed with the reason; what was deleted meanwhile is left alone."""
    try:
        for number, piece in enumerate(_pieces(_selection(export), export)):
            sealed = _sealer().seal(_name(export, number), zlib.compress(piece, FAST))
            _note(export, size=export.size + len(piece))
            ExportPiece.objects.create(export_id=export.pk, number=number, sealed=sealed)
        _note(export, state=ExportState.READY, expires_at=now() + timedelta(seconds=settings.EXPORT_RETENTION_S))
    except Gone:
        logger.info("action=write_export export=%s outcome=deleted", export.pk)
    except Exception as problem:
        Export.objects.filter(pk=export.pk).update(state=ExportState.FAILED, problem=repr(problem)[:2_000])
        raise


def _selection(export: Export) -> RecordFilter:
    """What whoever asked may still see of it."""
    seen = Record.objects.all()
    seen = seen.for_caller(export.user) if export.account_id is None else seen.filter(account_id=export.account_id)
    chosen = RecordFilter(export.query, seen)
    if not chosen.is_valid():
        raise ValidationError(chosen.errors.as_text())
    return chosen


def _counting(export: Export, found: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """A spreadsheet has no piece before its last row: how far it is is told by the rows."""
    for row in found:
        export.rows += 1
        if export.rows % NOTED_EVERY == 0:
            _note(export)
        yield row


def _pieces(chosen: RecordFilter, export: Export) -> Iterator[bytes]:
    """The file in pieces of one size, but for the last."""
    found, held = _counting(export, rows(chosen.qs)), bytearray()
    for part in written(found, COLUMNS, export.format, exporting.about(chosen)):
        held += part
        while len(held) >= PIECE:
            yield bytes(held[:PIECE])
            del held[:PIECE]
    yield bytes(held)


def _note(export: Export, **changes: Any) -> None:
    """Write down how far it is. Raises Gone."""
    for name, value in changes.items():
        setattr(export, name, value)
    if not Export.objects.filter(pk=export.pk).update(rows=export.rows, touched_at=now(), **changes):
        raise Gone


def content(export: Export) -> Iterator[bytes]:
    """The file of an export that is ready, piece by piece."""
    sealer = _sealer()
    for piece in export.pieces.order_by("number").iterator(chunk_size=1):
        yield zlib.decompress(sealer.open(_name(export, piece.number), bytes(piece.sealed)))


def forget_expired() -> int:
    """Delete the files that are kept no longer. Returns how many."""
    past = Export.objects.filter(state=ExportState.READY, expires_at__lte=now())
    ExportPiece.objects.filter(export__in=past).delete()
    return past.update(state=ExportState.EXPIRED)


def _sealer() -> Sealer:
    return Sealer(settings.STORAGE_KEYS)


def _name(export: Export, number: int) -> str:
    return f"export/{export.pk}/{number}"
