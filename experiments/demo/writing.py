"""The demonstration's requests written in bulk: records by the ledger's own function, and with each what it was charged."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from django.db import connection, transaction

from analytics.models import Feedback
from analytics.records import partitions
from autorouter.models import Preferences, Session
from budgets.demonstration import entries
from experiments.demo.answering import Answered
from experiments.demo.traffic import Ask
from routerhub.audit import history
from routerhub.audit.change import Change

RECORD = """
    SELECT record_many(
        ARRAY(SELECT r FROM jsonb_populate_recordset(NULL::analytics_request, %s::jsonb) r),
        ARRAY(SELECT a FROM jsonb_populate_recordset(NULL::analytics_answer, %s::jsonb) a)
    )
"""
OF_THE_REQUEST = ("operation_id", "account_id", "key_id", "user_id", "task_type", "category", "scopes")
FORGOTTEN = timedelta(days=1)
"""A session that was silent for longer is not kept, as it is not for anybody."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One request, decided for and answered."""

    ask: Ask
    request: Mapping[str, Any]
    """The fields of analytics_request."""
    answered: Answered
    satisfaction: float | None


def raw(text: bytes | str) -> orjson.Fragment:
    """A JSON text as a part of another."""
    return orjson.Fragment(text)


def keep_preferences(providers: Mapping[int, Sequence[str]], change: Change) -> None:
    """Which providers people prefer, by their ids."""
    history.create(
        [Preferences(user_id=user, preferred_providers=list(names)) for user, names in providers.items()], change
    )


def make_partitions(since: datetime, until: datetime) -> None:
    """The weeks of a range, where they are missing."""
    monday = partitions.monday_of(since)
    while monday < until:
        partitions.make("analytics_record", monday)
        monday += partitions.WEEK


@transaction.atomic
def write(turns: Sequence[Turn]) -> None:
    """Records, charges, feedback and the last word of each session, together."""
    answers = [{**asdict(each.answered.facts), "attempts": raw(each.answered.facts.attempts)} for each in turns]
    with connection.cursor() as cursor:
        cursor.execute(
            RECORD, [orjson.dumps([each.request for each in turns]).decode(), orjson.dumps(answers).decode()]
        )
    entries.enter(_charge(each) for each in turns if each.answered.deployment is not None)
    Feedback.objects.bulk_create(
        Feedback(
            operation_id=each.ask.operation_id, account_id=each.request["account_id"], satisfaction=each.satisfaction
        )
        for each in turns
        if each.satisfaction is not None
    )
    _keep_sessions(turns)


def _charge(turn: Turn) -> dict[str, Any]:
    request, facts, answered = turn.request, turn.answered.facts, turn.answered
    usage = answered.usage
    return {
        **{name: request[name] for name in OF_THE_REQUEST},
        "amount_nano": facts.cost_nano, "tokens": usage.input_tokens + usage.output_tokens, "outcome": facts.outcome,
        "settled_at": turn.ask.at + timedelta(milliseconds=facts.latency_ms), "incurred_at": turn.ask.at, "model": facts.model,
        "provider": facts.provider, "deployment": facts.deployment, "priced_from": answered.priced_from,
        "basis": facts.cost_basis, "input_tokens": usage.input_tokens, "cache_read_tokens": usage.cache_read_tokens,
        "output_tokens": usage.output_tokens, "reasoning_tokens": usage.reasoning_tokens,
    }  # fmt: skip


def _keep_sessions(turns: Sequence[Turn]) -> None:
    """Those that are not forgotten by now."""
    newest = {
        (each.request["account_id"], each.ask.session): each
        for each in turns
        if each.ask.session and each.answered.deployment is not None and each.ask.at > datetime.now(UTC) - FORGOTTEN
    }
    Session.objects.bulk_create(
        (_session(account, name, each) for (account, name), each in newest.items()),
        update_conflicts=True, unique_fields=["account_id", "name"],
        update_fields=["model", "context_tokens", "last_activity_at"],
    )  # fmt: skip


def _session(account: int, name: str, turn: Turn) -> Session:
    request = turn.request
    return Session(
        account_id=account, name=name, user_id=request["user_id"], model=turn.answered.facts.model,
        priority=request["priority"], policy=request["policy"], context_tokens=turn.answered.usage.input_tokens,
        first_activity_at=turn.ask.at, last_activity_at=turn.ask.at,
    )  # fmt: skip
