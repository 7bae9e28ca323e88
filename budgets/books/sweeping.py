"""The books from outside a gateway: sweep them by hand, and check that they balance."""

import logging

from django.db import connection

logger = logging.getLogger(__name__)
MAX_PER_SWEEP = 200


def sweep() -> int:
    """Settle holds past their lease, as every gateway does. Returns how many; running it twice settles none twice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT swept, problems FROM sweep_holds(%s)", [MAX_PER_SWEEP])
        swept, problems = cursor.fetchone()
    for problem in problems:
        logger.error("action=sweep problem=%s", problem)
    return int(swept)


def differences() -> list[dict[str, int]]:
    """Counters that disagree with the ledger or the holds. Empty while the books balance."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH charged AS (
                SELECT t.id, sum(amount_nano)::bigint AS amount, sum(tokens)::bigint AS tokens,
                       count(*) FILTER (WHERE kind = 'charge') AS requests
                FROM budgets_ledgerentry CROSS JOIN unnest(counters) AS t (id)
                GROUP BY t.id
            ), held AS (
                SELECT t.id, sum(amount_nano)::bigint AS amount, sum(tokens)::bigint AS tokens, count(*) AS requests
                FROM budgets_hold CROSS JOIN unnest(counters) AS t (id)
                GROUP BY t.id
            ), book AS (
                SELECT c.id, c.spent,
                       c.earlier + coalesce(budget_measured(c.measure, s.amount, s.tokens, s.requests), 0) AS charged,
                       c.reserved, coalesce(budget_measured(c.measure, h.amount, h.tokens, h.requests), 0) AS held
                FROM budgets_counter c LEFT JOIN charged s USING (id) LEFT JOIN held h USING (id)
            )
            SELECT * FROM book WHERE spent <> charged OR reserved <> held ORDER BY id
            """
        )
        names = ("counter", "spent", "spent_in_ledger", "reserved", "reserved_in_holds")
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
