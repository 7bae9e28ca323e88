"""The statements of a roll-up. Each piece of work has its cells (quarters of an hour of accounts) in a temporary table."""

from collections.abc import Iterable, Iterator, Sequence

from analytics.windows.measures import COLUMNS, DIMENSIONS, FEW, FLOW, HOURLY, MANY, MEASURES, SKETCHES, TAG
from analytics.windows.steps import DAY, FIVE, HOUR, QUARTER

DIMENSION_NAMES = ", ".join(f'"{name}"' for name in DIMENSIONS)
MEASURE_NAMES, COLUMN_NAMES = ", ".join(MEASURES), ", ".join(COLUMNS)
SUMS = ", ".join(f"total(x.{name}) AS {name}" for name in MEASURES)
ADDED = f"{SUMS}, sum_errors(jsonb_agg(x.errors) FILTER (WHERE x.errors IS NOT NULL)) AS errors, " + ", ".join(
    f"sum_buckets(x.{name}) AS {name}" for name in SKETCHES
)
"""Rows of figures `x` put together."""
GATHERED = f"{SUMS}, count_errors(array_agg(x.error_kind) FILTER (WHERE x.error_kind <> '')) AS errors, " + ", ".join(
    f"tidy_many_buckets(array_agg(x.{name}) FILTER (WHERE x.{name} IS NOT NULL)) AS {name}" for name in SKETCHES
)
"""Records `x`, as in `fresh`, put together."""

PLANNED = "SET LOCAL jit = off; SET LOCAL work_mem = '32MB'"
"""Of which the sums of a piece take a few times as much; what is more goes to the disk."""
FORGET = "DROP TABLE IF EXISTS pg_temp.cells, pg_temp.fresh, pg_temp.crossed, pg_temp.tagged"
"""Those of the piece before, where both are parts of one transaction."""
TAKE = """
    CREATE TEMPORARY TABLE cells ON COMMIT DROP AS
    WITH next AS (
        SELECT account_id, quarter, since_transaction, may_shrink,
               sum(records) OVER (ORDER BY quarter, account_id) - records AS before
        FROM analytics_touched
        WHERE quarter < (SELECT date_bin('1 day', min(quarter), 'epoch') + interval '1 day' FROM analytics_touched)
        ORDER BY quarter, account_id LIMIT %(max_cells)s
    )
    SELECT account_id, quarter, since_transaction, may_shrink, false AS is_short FROM next WHERE before < %(max_records)s
"""
"""The first cells of one day, as many as were written to by about so many records."""
LOOK = "SELECT date_bin('1 day', min(quarter), 'epoch'), min(quarter), max(quarter) + interval '15 minutes' FROM cells"
"""What bounds all that is touched, said in each statement: so PostgreSQL knows how little of the big tables it needs."""
DONE = """
    DELETE FROM analytics_touched t USING cells c WHERE t.quarter = c.quarter AND t.account_id = c.account_id
"""

IN_CELL = """
    account_id = c.account_id AND created_at >= c.quarter AND created_at < c.quarter + interval '15 minutes'
"""


def _baseline(kind: str) -> str:
    """One that was asked for by name is the same for every category."""
    category, asked = ("''", "r.requested_model") if kind == "asked" else ("r.category", "''")
    return f"""
        LEFT JOIN analytics_baseline {kind}
          ON {kind}.catalogue_release = r.catalogue_release AND {kind}.router_release = r.router_release
         AND {kind}.category = {category} AND {kind}.kind = '{kind}' AND {kind}.asked = {asked}
    """


FRESH = f"""
    CREATE TEMPORARY TABLE fresh ON COMMIT DROP AS
    SELECT r.account_id, c.quarter, date_bin('5 minutes', r.created_at, 'epoch') AS start, r.is_sandbox, r.written_in,
           {", ".join(f'{expression} AS "{name}"' for name, expression in DIMENSIONS.items())},
           ARRAY(SELECT DISTINCT unnest(r.tags)) AS tags, r.error_kind,
           {", ".join(f"{expression} AS {name}" for name, expression in {**MEASURES, **SKETCHES}.items())}
    FROM cells c
    CROSS JOIN LATERAL (SELECT * FROM analytics_record WHERE {IN_CELL} OFFSET 0) AS r
    LEFT JOIN analytics_feedback f ON f.operation_id = r.operation_id
    {" ".join(map(_baseline, ("best", "good", "asked")))}
"""
"""The records of the cells, as they count."""
RELEASES = f"""
    SELECT DISTINCT r.catalogue_release, r.router_release
    FROM cells c
    CROSS JOIN LATERAL (SELECT catalogue_release, router_release FROM analytics_record WHERE {IN_CELL} OFFSET 0) AS r
"""
SHORT = """
    UPDATE cells c SET is_short = true
    FROM (
        SELECT account_id, start, sum(requests) AS requests FROM analytics_cross
        WHERE grain = 15 AND start >= %(first)s AND start < %(last)s GROUP BY account_id, start
    ) AS known
    LEFT JOIN (SELECT account_id, quarter, count(*) AS requests FROM fresh GROUP BY account_id, quarter) AS there
      ON there.account_id = known.account_id AND there.quarter = known.start
    WHERE known.account_id = c.account_id AND known.start = c.quarter
      AND known.requests > coalesce(there.requests, 0) AND NOT may_shrink
"""
"""Cells of which fewer records are there than were counted: they were kept no longer, and the figures must stay."""
ONLY_NEW = """
    DELETE FROM fresh USING cells c
    WHERE c.is_short AND fresh.account_id = c.account_id AND fresh.quarter = c.quarter
      AND NOT (fresh.written_in::text::bigint >= c.since_transaction AND fresh.written_in::text::bigint < %(watermark)s)
"""
"""Of those, what was counted already."""

WINDOW_KEYS = "grain, start, account_id, is_sandbox, dimension, value"
CROSS_KEYS = f"grain, start, account_id, is_sandbox, {DIMENSION_NAMES}"
CROSSED = f"""
    CREATE TEMPORARY TABLE crossed ON COMMIT DROP AS
    SELECT {FIVE}::smallint AS grain, x.start, x.account_id, x.is_sandbox, {DIMENSION_NAMES}, {GATHERED}
    FROM fresh x GROUP BY x.start, x.account_id, x.is_sandbox, {DIMENSION_NAMES}
"""
TAGGED = f"""
    CREATE TEMPORARY TABLE tagged ON COMMIT DROP AS
    SELECT {FIVE}::smallint AS grain, x.start, x.account_id, x.is_sandbox, '{TAG}' AS dimension, tag AS value, {GATHERED}
    FROM fresh x, unnest(x.tags) AS tag GROUP BY x.start, x.account_id, x.is_sandbox, tag
"""
IN_PIECE = "x.start >= %(first)s AND x.start < %(last)s"
IN_DAY = "x.start >= %(day)s AND x.start < %(day)s + interval '1 day'"


def begin(grain: int, moment: str) -> str:
    """When the row of a grain begins that a moment is in."""
    return f"date_bin('{grain} minutes', {moment}, 'epoch')"


def _quarters(staged: str, keys: str) -> str:
    rest = keys.removeprefix("grain, start, ")
    return f"""
        INSERT INTO {staged} SELECT {QUARTER}, {begin(QUARTER, "x.start")} AS quarter, {rest}, {ADDED}
        FROM {staged} x GROUP BY quarter, {rest}
    """


def _replaced(
    table: str, staged: str, keys: str, condition: str, grains: Sequence[int], is_short: bool
) -> Iterator[str]:
    """What was made of the records of the cells, in the place of what was there; of short cells both together."""
    cell = f"x.account_id = c.account_id AND {begin(QUARTER, 'x.start')} = c.quarter"
    there = f"x.grain IN ({FIVE}, {QUARTER}) AND {condition} AND {IN_PIECE} AND {cell}"
    yield _quarters(staged, keys)
    if is_short:
        kept = f"EXISTS (SELECT FROM cells c WHERE c.is_short AND {there})"
        yield f"INSERT INTO {staged} SELECT {keys}, {COLUMN_NAMES} FROM {table} x WHERE {kept}"
    made = f"{staged} x WHERE x.grain IN ({', '.join(map(str, grains))})"
    rows = f"SELECT {keys}, {ADDED} FROM {made} GROUP BY {keys}" if is_short else f"SELECT * FROM {made}"
    yield f"DELETE FROM {table} x USING cells c WHERE {there}"
    yield f"INSERT INTO {table} ({keys}, {COLUMN_NAMES}) {rows}"


def _touched(grain: int, of_site: bool) -> str:
    """Rows that are a part of what a row of this grain is made of that the cells lie in."""
    mine, theirs = (begin(max(grain, QUARTER), moment) for moment in ("x.start", "c.quarter"))
    if of_site:
        return f"{IN_DAY} AND {mine} IN (SELECT {theirs} FROM cells c)"
    return f"{IN_DAY} AND (x.account_id, {mine}) IN (SELECT c.account_id, {theirs} FROM cells c)"


def _named(dimensions: Iterable[str]) -> str:
    return "x.dimension IN ('" + "', '".join(dimensions) + "')"


def _value(dimension: str) -> str:
    if dimension == FLOW:
        return "x.category || '>' || x.model"
    return f'x."{dimension}"' if dimension else "''"


def _windows(grain: int, of_site: bool, dimensions: Iterable[str], rows: str) -> Iterator[str]:
    """Windows of a grain made anew out of finer `rows` x, which say their dimension and value."""
    whose = "x.account_id = 0" if of_site else "x.account_id <> 0"
    account = "0" if of_site else "x.account_id"
    groups = f"begin, {'' if of_site else 'x.account_id, '}x.is_sandbox, dimension, value"
    touched = _touched(grain, of_site)
    yield f"DELETE FROM analytics_window x WHERE x.grain = {grain} AND {whose} AND {_named(dimensions)} AND {touched}"
    yield f"""
        INSERT INTO analytics_window ({WINDOW_KEYS}, {COLUMN_NAMES})
        SELECT {grain}, {begin(grain, "x.start")} AS begin, {account}, x.is_sandbox, dimension, value, {ADDED}
        FROM {rows} AND {touched} GROUP BY {groups}
    """


def of_cross(grain: int, of_site: bool, dimensions: Sequence[str], finer: int) -> Iterator[str]:
    """Out of the rows by all dimensions."""
    pairs = ", ".join(f"('{name}', {_value(name)})" for name in dimensions)
    expanded = f"analytics_cross x CROSS JOIN LATERAL (VALUES {pairs}) AS d (dimension, value) WHERE x.grain = {finer}"
    yield from _windows(grain, of_site, dimensions, expanded)


def of_windows(grain: int, of_site: bool, dimensions: Sequence[str], finer: int, of_accounts: bool) -> Iterator[str]:
    """Out of finer windows, of each account or of all together."""
    whose = "x.account_id <> 0" if of_accounts else "x.account_id = 0"
    rows = f"analytics_window x WHERE x.grain = {finer} AND {whose} AND {_named(dimensions)}"
    yield from _windows(grain, of_site, dimensions, rows)


def _crossed_days() -> Iterator[str]:
    rest = CROSS_KEYS.removeprefix("grain, start, ")
    touched = _touched(DAY, of_site=False)
    yield f"DELETE FROM analytics_cross x WHERE x.grain = {DAY} AND {touched}"
    yield f"""
        INSERT INTO analytics_cross (grain, start, {rest}, {COLUMN_NAMES})
        SELECT {DAY}, {begin(DAY, "x.start")} AS begin, {rest}, {ADDED}
        FROM analytics_cross x WHERE x.grain = {QUARTER} AND {touched} GROUP BY begin, {rest}
    """


def of_cells(is_short: bool, is_recent: bool) -> Iterator[str]:
    """All that is made of the records of the cells, in this order; of five minutes where these are recent. `has_window`
    says which windows there are."""
    grains = (FIVE, QUARTER) if is_recent else (QUARTER,)
    yield from (CROSSED, TAGGED)
    yield from _replaced("analytics_cross", "crossed", CROSS_KEYS, "true", grains, is_short)
    yield from _replaced("analytics_window", "tagged", WINDOW_KEYS, _named([TAG]), grains, is_short)
    for grain in grains:
        yield from of_cross(grain, True, FEW, grain)
        yield from of_windows(grain, True, [TAG], grain, of_accounts=True)
    yield from of_cross(HOUR, False, HOURLY, QUARTER)
    yield from of_windows(HOUR, False, [TAG], QUARTER, of_accounts=True)
    yield from of_windows(HOUR, True, [*FEW, TAG], QUARTER, of_accounts=False)
    yield from _crossed_days()
    yield from of_cross(DAY, False, [*FEW, *MANY], DAY)
    yield from of_windows(DAY, False, [TAG], HOUR, of_accounts=True)
    yield from of_windows(DAY, True, [*FEW, TAG], HOUR, of_accounts=False)
    yield from of_windows(DAY, True, MANY, DAY, of_accounts=True)


def has_window(grain: int, of_site: bool, dimension: str) -> bool:
    """Whether there are windows by this dimension; where not, the rows by all dimensions are as few."""
    if grain == DAY or dimension == TAG:
        return True
    return dimension in (FEW if of_site else HOURLY if grain == HOUR else ())


FORGET_OLD = [
    f"DELETE FROM {table} WHERE grain = {FIVE} AND start < %s" for table in ("analytics_window", "analytics_cross")
]
