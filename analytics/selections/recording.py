"""The record of a selection that was completed: by the same SQL as the gateway's, with the selection's id as the operation's, and
marked as reported from outside. Nothing is held or charged for it: limits and ledger count what the gateway spends."""

import json
from typing import Any

from django.db import connection

from analytics.models import Selection
from analytics.selections.types import Outcome, Reckoned
from analytics.types import AnswerFacts, RequestFacts

WRITE = "SELECT record_many(ARRAY[ROW({request})]::analytics_request[], ARRAY[ROW({answer})]::analytics_answer[])"
MARK = "UPDATE analytics_record SET is_reported = true WHERE operation_id = %s AND created_at = %s"


def record(row: Selection, outcome: Outcome, reckoned: Reckoned) -> None:
    """Write it, in the transaction of whoever calls. Raises DatabaseError."""
    request, answer = _request(row).row(), _answer(row, outcome, reckoned).row()
    write = WRITE.format(request=", ".join(["%s"] * len(request)), answer=", ".join(["%s"] * len(answer)))
    with connection.cursor() as cursor:
        cursor.execute(write, [_plain(value) for value in (*request, *answer)])
        cursor.execute(MARK, [row.pk, row.created_at])


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _request(row: Selection) -> RequestFacts:
    return RequestFacts(
        operation_id=row.pk, created_at=row.created_at, account_id=row.account_id, key_id=row.key_id, user_id=row.user_id,
        requested_model="auto", model=row.model, policy=row.policy, task_type=row.task_type, category=row.category,
        complexity=row.complexity, priority=row.priority, session=row.session, tags=tuple(row.tags), is_sandbox=False,
        is_stream=False, cost_estimated_nano=row.estimated_nano, catalogue_release=row.catalogue_release,
        router_release=row.router_release, decision=json.dumps(row.decision), ip=None, user_agent="", task_id=row.task_id,
        worker=row.worker, metadata=json.dumps(row.metadata), confidence=row.confidence, second=row.second, read_by=row.read_by,
    )  # fmt: skip


def _answer(row: Selection, outcome: Outcome, reckoned: Reckoned) -> AnswerFacts:
    return AnswerFacts(
        model=row.model, provider=reckoned.provider, outcome="success" if outcome.success else "failure", error=outcome.error,
        http_status=None, latency_ms=outcome.latency_ms, ttft_ms=outcome.ttft_ms, input_tokens=outcome.input_tokens,
        output_tokens=outcome.output_tokens, cache_read_tokens=outcome.cache_read_tokens,
        cache_write_tokens=outcome.cache_write_tokens, reasoning_tokens=outcome.reasoning_tokens, is_usage_estimated=False,
        cost_nano=reckoned.nano, fallback_used=False, attempts="[]", cost_basis=reckoned.basis,
        deployment=outcome.deployment, error_kind="" if outcome.success else "reported",
    )  # fmt: skip
