"""The statements of a roll-up. Each piece of work has its cells (quarters of an hour of accounts) in a temporary table."""

from collections.abc import Iterator

from analytics.windows.measures import ALL_DIMENSIONS, COLUMNS, DIMENSIONS, FLOW, MEASURES, SKETCHES, TAG
from analytics.windows.steps import DAY, FIVE, HOUR, QUARTER

DIMENSION_NAMES = ", ".join(f'"{name}"' for name in DIMENSIONS)
MEASURE_NAMES, COLUMN_NAMES = ", ".join(MEASURES), ", ".join(COLUMNS)
SUMS = ", ".join(f"sum(x.{name})::bigint AS {name}" for name in MEASURES)
ADDED = f"{SUMS}, sum_errors(jsonb_agg(x.errors) FILTER (WHERE x.errors IS NOT NULL)) AS errors, " + ", ".join(
    f"sum_buckets(x.{name}) AS {name}" for name in SKETCHES
)
"""Rows of figures `x` put together."""
GATHERED = f"{SUMS}, count_errors(array_agg(x.error_kind) FILTER (WHERE x.error_kind <> '')) AS errors, " + ", ".join(
    f"tidy_many_buckets(array_agg(x.{name}) FILTER (WHERE x.{name} IS NOT NULL)) AS {name}" for name in SKETCHES
)
"""Records `x`, as in `fresh`, put together."""

PLANNED = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL jit = off"
"""Cells are few and lie in big tables: each is looked up. PostgreSQL knows nothing of a table just made, and might read all."""

FORGET = "DROP TABLE IF EXISTS pg_temp.cells, pg_temp.fresh, pg_temp.crossed, pg_temp.windowed"
"""Those of the piece before, where both are parts of one transaction."""
TAKE = """
    CREATE TEMPORARY TABLE cells ON COMMIT DROP AS
    WITH next AS (
        SELECT account_id, quarter, since_transaction, may_shrink,
               sum(records) OVER (ORDER BY quarter, account_id) - records AS before
        FROM (SELECT * FROM analytics_touched ORDER BY quarter, account_id LIMIT %(max_cells)s) AS first
    )
    SELECT account_id, quarter, since_transaction, may_shrink, false AS is_short FROM next WHERE before < %(max_records)s
"""
"""The first cells, as many as were written to by about so many records."""
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
    UPDATE cells SET is_short = true
    WHERE NOT may_shrink
      AND (SELECT coalesce(sum(x.requests), 0) FROM analytics_cross x
           WHERE x.grain = 15 AND x.account_id = cells.account_id AND x.start = cells.quarter)
        > (SELECT count(*) FROM fresh WHERE fresh.account_id = cells.account_id AND fresh.quarter = cells.quarter)
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
    SELECT {QUARTER}::smallint AS grain, x.quarter AS start, x.account_id, x.is_sandbox, {DIMENSION_NAMES}, {GATHERED}
    FROM fresh x GROUP BY x.quarter, x.account_id, x.is_sandbox, {DIMENSION_NAMES}
"""
PAIRS = ", ".join(f"('{name}', x.\"{name}\")" for name in DIMENSIONS)
WINDOWED = f"""
    CREATE TEMPORARY TABLE windowed ON COMMIT DROP AS
    SELECT {FIVE}::smallint AS grain, x.start, x.account_id, x.is_sandbox, d.dimension, d.value, {GATHERED}
    FROM fresh x CROSS JOIN LATERAL (
        VALUES ('', ''), {PAIRS},
               ('{FLOW}', x.category || '>' || x.model)
        UNION ALL SELECT '{TAG}', tag FROM unnest(x.tags) AS tag
    ) AS d (dimension, value)
    GROUP BY x.start, x.account_id, x.is_sandbox, d.dimension, d.value
"""
QUARTERS = f"""
    INSERT INTO windowed
    SELECT {QUARTER}, date_bin('15 minutes', x.start, 'epoch') AS quarter, x.account_id, x.is_sandbox, x.dimension, x.value,
           {ADDED}
    FROM windowed x GROUP BY quarter, x.account_id, x.is_sandbox, x.dimension, x.value
"""
BY_DIMENSION = "x.dimension IN ('" + "', '".join(ALL_DIMENSIONS) + "')"
"""All there are: named so that the index is followed from the account to the start."""
IN_QUARTER = "x.start >= c.quarter AND x.start < c.quarter + interval '15 minutes'"


def replaced(table: str, staged: str, keys: str, condition: str, is_short: bool) -> Iterator[str]:
    """What was made of the records of the cells, in the place of what was there; of short cells both together."""
    there = f"{condition} AND x.account_id = c.account_id AND {IN_QUARTER}"
    if is_short:
        kept = f"EXISTS (SELECT FROM cells c WHERE c.is_short AND {there})"
        yield f"INSERT INTO {staged} SELECT {keys}, {COLUMN_NAMES} FROM {table} x WHERE {kept}"
    rows = f"SELECT {keys}, {ADDED} FROM {staged} x GROUP BY {keys}" if is_short else f"SELECT * FROM {staged}"
    yield f"DELETE FROM {table} x USING cells c WHERE {there}"
    yield f"INSERT INTO {table} ({keys}, {COLUMN_NAMES}) {rows}"


def of_accounts(is_short: bool) -> Iterator[str]:
    """The finest rows of each account."""
    yield from replaced("analytics_cross", "crossed", CROSS_KEYS, f"x.grain = {QUARTER}", is_short)
    finest = f"x.grain IN ({FIVE}, {QUARTER}) AND {BY_DIMENSION}"
    yield from replaced("analytics_window", "windowed", WINDOW_KEYS, finest, is_short)


def of_site() -> Iterator[str]:
    """The finest rows of all accounts together, out of those of each."""
    there = f"x.grain IN ({FIVE}, {QUARTER}) AND {BY_DIMENSION} AND {IN_QUARTER}"
    quarters = "(SELECT DISTINCT quarter FROM cells) AS c"
    yield f"DELETE FROM analytics_window x USING {quarters} WHERE x.account_id = 0 AND {there}"
    yield f"""
        INSERT INTO analytics_window ({WINDOW_KEYS}, {COLUMN_NAMES})
        SELECT x.grain, x.start, 0, x.is_sandbox, x.dimension, x.value, {ADDED}
        FROM {quarters} JOIN analytics_window x ON x.account_id <> 0 AND {there}
        GROUP BY x.grain, x.start, x.is_sandbox, x.dimension, x.value
    """


def coarser(table: str, keys: str, condition: str, grain: int, finer: int) -> Iterator[str]:
    """Rows of a grain out of those of a finer one, wherever something was touched."""
    width = f"interval '{grain} minutes'"
    touched = f"""(
        SELECT DISTINCT a.account_id, date_bin({width}, c.quarter, 'epoch') AS begin
        FROM cells c CROSS JOIN LATERAL (VALUES (c.account_id), (0)) AS a (account_id)
    ) AS t"""
    of_account = f"x.account_id = t.account_id AND {condition}"
    yield f"DELETE FROM {table} x USING {touched} WHERE x.grain = {grain} AND {of_account} AND x.start = t.begin"
    yield f"""
        INSERT INTO {table} (grain, start, {keys}, {COLUMN_NAMES})
        SELECT {grain}, t.begin, {keys.replace("account_id", "x.account_id")}, {ADDED}
        FROM {touched} JOIN {table} x
          ON x.grain = {finer} AND {of_account} AND x.start >= t.begin AND x.start < t.begin + {width}
        GROUP BY t.begin, {keys.replace("account_id", "x.account_id")}
    """


def of_longer_stretches() -> Iterator[str]:
    windows = WINDOW_KEYS.removeprefix("grain, start, ")
    yield from coarser("analytics_window", windows, BY_DIMENSION, HOUR, QUARTER)
    yield from coarser("analytics_window", windows, BY_DIMENSION, DAY, HOUR)
    yield from coarser("analytics_cross", CROSS_KEYS.removeprefix("grain, start, "), "true", DAY, QUARTER)
