"""What the rows of a table come to: a digest for every block of them, reckoned where they lie.

A row is spelt as PostgreSQL spells `ROW(...)::text`, of the columns that were there when it was sealed, so that a column that is
added later changes nothing. A block's digest is SHA-256 over its rows' digests, by transaction and key. A row that was amended
since counts as it was then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection, transaction
from psycopg import sql

from routerhub.audit.chain.tables import SealedTable

COLUMNS = """
    SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
SPELLING = """
    SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, MDY'; SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'
"""
BLOCKS = """
    SELECT width_bucket(arrived, %(bounds)s::bigint[]), part, count(*), count(*) FILTER (WHERE is_amended AND NOT is_open),
           encode(sha256(string_agg(digest, ''::bytea ORDER BY arrived, key, is_amended)), 'hex')
    FROM (
        SELECT {arrived}::text::bigint AS arrived, {day} AS part, {is_open} AS is_open, false AS is_amended,
               {key}::text COLLATE "C" AS key, sha256(convert_to(ROW({columns})::text, 'UTF8')) AS digest
        FROM {table}
        WHERE {arrived} >= %(first)s::text::{type} AND {arrived} < %(below)s::text::{type} AND NOT ({is_skipped})
        UNION ALL
        SELECT a.sealed, {day}, {is_open}, true, {key}::text COLLATE "C", sha256(convert_to(ROW({columns})::text, 'UTF8'))
        FROM (
            SELECT arrived AS sealed, row AS content FROM audit_amendment
            WHERE "table" = %(table)s AND arrived >= %(first)s AND arrived < %(below)s
        ) a CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, a.content) was
    ) found
    GROUP BY 1, 2
    ORDER BY 1, 2
"""
CUTS = """
    SELECT place, arrived FROM (
        SELECT {arrived}::text::bigint AS arrived, row_number() OVER (ORDER BY {arrived}) AS place FROM {table}
        WHERE {arrived} >= %(first)s::text::{type} AND {arrived} < %(below)s::text::{type} AND NOT ({is_skipped})
        ORDER BY {arrived} LIMIT %(most)s
    ) found
    WHERE place %% %(rows)s = 0
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """The rows of a table that arrived from one bound to the next, of one day where the table has days."""

    bucket: int
    """Counted from one: which of the bounds it begins at."""
    part: date | None
    rows: int
    wrongly_amended: int
    """Those among them that were amended when they were closed."""
    digest: str


def columns_of(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS, [table])
        return [name for (name,) in cursor.fetchall()]


def blocks(of: SealedTable, columns: Sequence[str], bounds: Sequence[int], below: int) -> list[Block]:
    """Of all rows from the first bound on that arrived before `below`."""
    values: dict[str, Any] = {"table": of.table, "bounds": list(bounds), "first": bounds[0], "below": below}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SPELLING)
        cursor.execute(_query(BLOCKS, of, columns), values)
        return [
            Block(bucket=bucket, part=part, rows=rows, wrongly_amended=wrong, digest=digest)
            for bucket, part, rows, wrong, digest in cursor.fetchall()
        ]


def bounds(of: SealedTable, first: int, below: int, rows: int, most: int) -> list[int]:
    """Where blocks of about so many rows begin, and where the last one ends: at `below`, or after about `most` rows. What one
    transaction wrote is in one block."""
    with connection.cursor() as cursor:
        cursor.execute(_query(CUTS, of, ()), {"first": first, "below": below, "rows": rows, "most": most})
        cuts = dict(cursor.fetchall())
    ends = [arrived + 1 for arrived in cuts.values()]
    return sorted({first, *ends} if most in cuts else {first, *ends, below})


def _query(text: str, of: SealedTable, columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(text).format(
        table=sql.Identifier(of.table),
        key=sql.Identifier(of.key),
        arrived=sql.Identifier(of.arrived),
        type=sql.SQL(of.arrived_type),
        day=sql.SQL(of.day),
        is_open=sql.SQL(of.is_open),
        is_skipped=sql.SQL(of.is_skipped),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
    )
