"""The cost-matched shuffle: models drawn as often as the router chose each lately, whatever is asked, so that they cost the same.

A router that is no better than this one has found nothing in the requests.
"""

import hashlib
from collections.abc import Sequence
from itertools import accumulate

from django.db import connection

from experiments.ab.types import Test

Shares = Sequence[tuple[str, int]]
"""Models by id, each with how often it was chosen."""
LOOKED_AT = 20_000
CHOSEN = """
    SELECT model, count(*) FROM (
        SELECT model FROM analytics_record
        WHERE created_at < date_trunc('hour', now()) AND created_at >= date_trunc('hour', now()) - interval '7 days'
          AND (%(account)s::bigint IS NULL OR account_id = %(account)s)
          AND (%(user)s::bigint IS NULL OR user_id = %(user)s)
          AND (requested_model = 'auto' OR requested_model LIKE 'policy:%%') AND outcome = 'success' AND NOT is_reported
          AND NOT (experiment IS NOT DISTINCT FROM %(test)s AND variant = ANY (%(shuffled)s))
        ORDER BY created_at DESC LIMIT %(most)s
    ) AS lately
    GROUP BY model ORDER BY model
"""
"""Whole hours, so that all processes draw by the same shares."""


def chosen_lately(test: Test) -> Shares:
    """Which models answered the newest requests of those whom the test is about where the router chose. Raises DatabaseError."""
    shuffled = [arm for arm, treatment in (("a", test.a), ("b", test.b)) if treatment.kind == "shuffle"]
    asked = {
        "account": test.account_id, "user": test.user_id, "test": test.id, "shuffled": shuffled, "most": LOOKED_AT,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(CHOSEN, asked)
        return tuple(cursor.fetchall())


def drawn(shares: Shares, salt: str, name: str) -> str:
    """The model for a session or a request of that name. Pure."""
    ends = list(accumulate(count for _, count in shares))
    digest = hashlib.sha256(f"{salt}:shuffle:{name}".encode()).digest()
    at = int.from_bytes(digest[:8], "big") * ends[-1] >> 64
    return next(model for (model, _), end in zip(shares, ends, strict=True) if at < end)
