"""Sealing what arrived: by beat and one at a time, never in a request.

What is sealed next is known by the number of the transaction that wrote it: all below the horizon are over, so that
no slow one is passed over, as it would be by time. A round makes links of about BLOCK_ROWS rows, each with the digest of its
rows and the seal of the link before.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from routerhub.audit.chain import digests
from routerhub.audit.chain.digests import Block
from routerhub.audit.chain.tables import SealedTable, find, sealed_tables
from routerhub.audit.change import Change
from routerhub.audit.errors import ChainRefused
from routerhub.audit.models import Link, LinkKind, Sealed

BLOCK_ROWS, MOST_ROWS = 1_000, 50_000
"""Of a link, and of a table in one transaction, about."""
PAGE_LINKS = 1_000
START = "0" * 64
"""What stands before the first link."""
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('audit.chain', 0))"
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('audit.chain', 0))"
WATERMARK = "SELECT transaction_horizon()"
PARTITION = """
    SELECT i.inhparent::regclass::text, pg_get_expr(c.relpartbound, c.oid)
    FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid WHERE c.oid = to_regclass(%s)
"""
FORGET = """
    DELETE FROM audit_amendment WHERE id IN (
        SELECT a.id FROM audit_amendment a CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, a.row) was
        WHERE a."table" = %s AND coalesce(a.account_id, 0) <> ALL (%s) AND {day} >= %s AND {day} < %s
    )
"""
RANGE = re.compile(r"FROM \('([^']+)'\) TO \('([^']+)'\)")
ANEW = (
    "The server counts its transactions anew, as it does in a dump that was restored: run `manage.py audit verify`,"
    " then `manage.py audit restart`."
)


def seal(below: int | None = None, block_rows: int = BLOCK_ROWS, most_rows: int = MOST_ROWS) -> int:
    """Seal all that arrived, `below`: before this transaction. Returns how many rows; none where somebody else is at it. Raises
    ChainRefused."""
    total = 0
    while True:
        with transaction.atomic():
            if not _one(TRY_LOCK):
                return total
            rows, is_done = _round(below or _one(WATERMARK), block_rows, most_rows)
        total += rows
        if is_done:
            return total


def seal_partition(name: str, held: Sequence[int] = (), below: int | None = None) -> Link | None:
    """What is to be called before a partition is dropped, in the same transaction: all of it is sealed, and a link keeps the
    count and the digest of what goes; what stays of it, of the accounts that are `held`, is sealed once more. None where its
    table is not sealed, or nothing of it is. Raises ChainRefused."""
    parent, days = _partition(name)
    of = find(parent)
    if of is None:
        return None
    seal(below)
    with transaction.atomic():
        _one(LOCK)
        going = list(open_links(table=parent, part__gte=days[0], part__lt=days[1]))
        _forget_amendments(of, days, held)
        if not going:
            return None
        dropped = _append(
            kind=LinkKind.DROPPED, table=parent, part=days[0], part_end=days[1], rows=sum(each.rows for each in going),
            digest=_joined(each.seal for each in going), reason=name,
        )  # fmt: skip
        if held:
            _seal_what_stays(of, going, held)
        return dropped


def _seal_what_stays(of: SealedTable, going: Sequence[Link], held: Sequence[int]) -> None:
    """In links of the same bounds as before."""
    accounts = ", ".join(str(int(each)) for each in held)
    staying = replace(of, is_skipped=f"({of.is_skipped}) OR account_id <> ALL (ARRAY[{accounts}]::bigint[])")
    columns, parts = digests.columns_of(of.table), {each.part for each in going}
    bounds = sorted({each.arrived_from for each in going} | {each.arrived_below for each in going})
    for block in digests.blocks(staying, columns, bounds[:-1], bounds[-1]):
        if block.part in parts:
            _append_rows(of, columns, bounds, block)


@transaction.atomic
def restart(change: Change) -> Link:
    """Begin anew: what was sealed is closed with its count and digest, and all that is there is sealed once more. For a database
    that was restored from a dump into another server, and after a column of a sealed table was taken away."""
    _one(LOCK)
    going = list(open_links())
    Sealed.objects.all().delete()
    return _append(
        kind=LinkKind.RESTART, rows=sum(each.rows for each in going), digest=_joined(each.seal for each in going),
        reason=f"{change.author or 'command'}: {change.reason}",
    )  # fmt: skip


def head() -> Link | None:
    """The last link. Its seal stands for all that was ever sealed: keep it elsewhere."""
    return Link.objects.order_by("-number").first()


def links(first: int = 1, **chosen: Any) -> Iterator[Link]:
    """In their order, from a number on."""
    while page := list(Link.objects.filter(number__gte=first, **chosen).order_by("number")[:PAGE_LINKS]):
        yield from page
        first = page[-1].number + 1


def open_links(first: int = 1, **chosen: Any) -> Iterator[Link]:
    """Those whose rows are there still to be looked at."""
    return _open(links(first, kind=LinkKind.ROWS, **chosen))


def open_links_of(table: str, first: int) -> Iterator[Link]:
    """The same of a table, in the order in which its rows arrived."""
    return _open(_by_arrival(Link.objects.filter(kind=LinkKind.ROWS, table=table, number__gte=first)))


def _by_arrival(found: QuerySet[Link]) -> Iterator[Link]:
    behind = Q()
    while page := list(found.filter(behind).order_by("arrived_from", "number")[:PAGE_LINKS]):
        yield from page
        last = page[-1]
        behind = Q(arrived_from__gt=last.arrived_from) | Q(arrived_from=last.arrived_from, number__gt=last.number)


def _open(found: Iterable[Link]) -> Iterator[Link]:
    endings = ends()
    return (link for link in found if not any(_ends(each, link) for each in endings))


def ends() -> list[Link]:
    """The links that close others."""
    return list(Link.objects.exclude(kind=LinkKind.ROWS))


def sealed_by(link: Link) -> str:
    """The seal that a link should have."""
    said = [
        link.number, link.kind, link.table, _day(link.part), _day(link.part_end), list(link.columns), link.arrived_from,
        link.arrived_below, link.rows, link.digest, link.previous, link.sealed_at.astimezone(UTC).isoformat(), link.reason,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()


def _ends(ending: Link, link: Link) -> bool:
    """Whether a link was closed by another."""
    if ending.number < link.number or ending.kind == LinkKind.RESTART:
        return ending.number > link.number
    if link.part is None or ending.part is None or ending.part_end is None:
        return False
    return ending.table == link.table and ending.part <= link.part < ending.part_end


def _round(below: int, block_rows: int, most_rows: int) -> tuple[int, bool]:
    """Seal the next rows of every table. How many, and whether that was all."""
    positions = dict(Sealed.objects.values_list("table", "below"))
    if any(each > below for each in positions.values()):
        raise ChainRefused(ANEW)
    total, is_done = 0, True
    reached = []
    for of in sealed_tables():
        bounds = digests.bounds(of, positions.get(of.table, 0), below, block_rows, most_rows)
        total += _seal_table(of, bounds)
        reached.append(Sealed(table=of.table, below=bounds[-1]))
        is_done &= bounds[-1] == below
    Sealed.objects.bulk_create(reached, update_conflicts=True, unique_fields=["table"], update_fields=["below"])
    return total, is_done


def _seal_table(of: SealedTable, bounds: Sequence[int]) -> int:
    if len(bounds) < 2:
        return 0
    columns = digests.columns_of(of.table)
    found = digests.blocks(of, columns, bounds[:-1], bounds[-1])
    for block in found:
        _append_rows(of, columns, bounds, block)
    return sum(block.rows for block in found)


def _append_rows(of: SealedTable, columns: list[str], bounds: Sequence[int], block: Block) -> None:
    _append(
        kind=LinkKind.ROWS, table=of.table, part=block.part, columns=columns, arrived_from=bounds[block.bucket - 1],
        arrived_below=bounds[block.bucket], rows=block.rows, digest=block.digest,
    )  # fmt: skip


def _append(**values: Any) -> Link:
    before = head()
    given = {"columns": [], "arrived_from": 0, "arrived_below": 0, **values}
    link = Link(
        number=before.number + 1 if before else 1,
        previous=before.seal if before else START,
        sealed_at=timezone.now(),
        **given,
    )
    link.seal = sealed_by(link)
    link.save(force_insert=True)
    return link


def _partition(name: str) -> tuple[str, tuple[date, date]]:
    with connection.cursor() as cursor:
        cursor.execute(PARTITION, [name])
        row = cursor.fetchone()
    found = RANGE.search(row[1]) if row else None
    if found is None:
        raise ChainRefused(f"{name!r} is no partition of a range of days.")
    first, end = (datetime.fromisoformat(each) for each in found.groups())
    return row[0], (first.astimezone(UTC).date(), end.astimezone(UTC).date())


def _forget_amendments(of: SealedTable, days: tuple[date, date], held: Sequence[int]) -> None:
    """What is dropped is not kept as it was before, either."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET.format(table=of.table, day=of.day), [of.table, list(held), *days])


def _joined(seals: Iterable[str]) -> str:
    return hashlib.sha256("".join(seals).encode()).hexdigest()


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _one(query: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]
