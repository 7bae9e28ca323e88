"""What came in since models were measured last, read from the records and summed up.

A request with a failed attempt tells of every deployment that it called whether that answered, but no time, since its time is not
the model's alone. An answer from the cache, which no model gave, tells nothing, nor does what somebody reported from outside: no
account may steer another one's requests.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from itertools import product
from typing import Any

import orjson
from django.db import connection

from analytics.measuring.decay import Spread, Sums, weight_of
from analytics.measuring.estimates import Key
from analytics.measuring.lengths import ALL, Cell

CHUNK = 2_000
OURS = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND,
     HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
)  # fmt: skip
"""Refusals that are not the request's own fault."""
NEW = """
    SELECT created_at, model, category, complexity, outcome = 'success' AND NOT fallback_used AS is_timed, latency_ms, ttft_ms,
           output_tokens, attempts
    FROM analytics_record
    WHERE created_at >= %(since)s AND written_in >= %(mark)s::text::xid8 AND written_in < %(until)s::text::xid8
      AND outcome IN ('success', 'failure', 'abandoned') AND saved_nano IS NULL AND NOT is_reported
      AND is_sandbox = %(is_sandbox)s
    ORDER BY created_at DESC LIMIT %(max_requests)s
"""


@dataclass(kw_only=True)
class Seen:
    """Sums of some records."""

    sums: dict[Key, Sums] = field(default_factory=dict)
    spreads: dict[Cell, Spread] = field(default_factory=dict)


def new(bounds: Mapping[str, Any], moment: datetime, half_life_s: float) -> Seen:
    """The sums of the records within the bounds of NEW, weighed as of a moment. Raises DatabaseError."""
    found = Seen()
    with connection.chunked_cursor() as cursor:
        cursor.execute(NEW, bounds)
        while rows := cursor.fetchmany(CHUNK):
            for created_at, *row in rows:
                _count(found, row, weight_of((moment - created_at).total_seconds(), half_life_s))
    return found


def _count(found: Seen, row: list[Any], weight: float) -> None:
    model, category, complexity, is_timed, latency_ms, ttft_ms, output_tokens, made = row
    attempts = orjson.loads(made)
    for each in _calls(attempts):
        for key in _keys(each["model"], each["deployment"]):
            found.sums.setdefault(key, Sums()).called(not each.get("error"), weight)
    if not is_timed:
        return
    if not attempts:
        for key in _keys(model, ALL):
            found.sums.setdefault(key, Sums()).called(True, weight)
    for key in _keys(model, attempts[0]["deployment"] if attempts else ALL):
        found.sums.setdefault(key, Sums()).answered(latency_ms, ttft_ms, output_tokens, weight)
    for cell in {*product((model, ALL), [(category, complexity), (ALL, ALL)])}:
        spread = found.spreads.setdefault((cell[0], *cell[1]), Spread())
        spread.answered(latency_ms, output_tokens, weight)


def _keys(model: str, deployment: str) -> set[Key]:
    """Whose sums a call of a deployment counts in."""
    return {(model, deployment), (model, ALL), (ALL, ALL)}


def _calls(attempts: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Attempts that say something of their place: not what nobody waited for, nor what was wrong with the request itself."""
    for each in attempts:
        status = each.get("status") or 0
        is_requests_fault = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in OURS
        if not each.get("was_cut") and not is_requests_fault:
            yield each
