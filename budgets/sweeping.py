"""Holds whose process died: settled at their ceiling when the lease is over, so that no limit is ever passed."""

import logging

from django.db import connection

logger = logging.getLogger(__name__)
MAX_PER_SWEEP = 500


def sweep() -> int:
    """Settle every hold past its lease, marked as unknown. Returns how many; running it twice settles none twice."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT settle_many(coalesce(jsonb_agg(jsonb_build_object(
                'op', operation_id, 'account', account_id, 'key', key_id, 'user', user_id, 'counters', counters,
                'held', amount_nano, 'amount', amount_nano, 'tokens', tokens, 'outcome', 'unknown',
                'record', record || jsonb_build_object('outcome', 'unknown', 'cost_nano', amount_nano)
            )), '[]'))
            FROM (SELECT * FROM budgets_hold WHERE lease_until < now() ORDER BY operation_id LIMIT %s) expired
            """,
            [MAX_PER_SWEEP],
        )
        (swept,) = cursor.fetchone()
    if swept:
        logger.warning("action=sweep holds=%s", swept)
    return int(swept)


def differences() -> list[dict[str, int]]:
    """Counters that disagree with the ledger or the holds. Empty while the books balance."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.id, c.spent, coalesce(s.spent, 0)::bigint, c.reserved, coalesce(r.reserved, 0)::bigint
            FROM budgets_counter c JOIN budgets_limit bl ON bl.id = c.limit_id
            LEFT JOIN LATERAL (
                SELECT sum(budget_measured(bl.measure, e.amount_nano, e.tokens)) AS spent
                FROM budgets_ledgerentry e WHERE c.id = ANY (e.counters)
            ) s ON true
            LEFT JOIN LATERAL (
                SELECT sum(budget_measured(bl.measure, h.amount_nano, h.tokens)) AS reserved
                FROM budgets_hold h WHERE c.id = ANY (h.counters)
            ) r ON true
            WHERE c.spent <> coalesce(s.spent, 0) OR c.reserved <> coalesce(r.reserved, 0)
            ORDER BY c.id
            """
        )
        names = ("counter", "spent", "spent_in_ledger", "reserved", "reserved_in_holds")
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
