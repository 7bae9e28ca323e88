"""Entries of a demonstration: written in bulk, and taken away again, which no other entry ever is.

They are told from all others by their operations, whose ids are of UUID version 8: the gateway gives no such id.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from django.db import connection, transaction

MARK = "substr(operation_id::text, 15, 1) = '8'"
COLUMNS = (
    "operation_id", "account_id", "key_id", "user_id", "amount_nano", "tokens", "outcome", "settled_at", "incurred_at",
    "task_type", "category", "scopes", "model", "provider", "deployment", "priced_from", "basis", "input_tokens",
    "cache_read_tokens", "output_tokens", "reasoning_tokens",
)  # fmt: skip
ENTER = f"""
    INSERT INTO budgets_ledgerentry ({", ".join(COLUMNS)}, hop, kind, is_sandbox, counters, overrun_nano, cache_write_tokens,
        cache_write_1h_tokens, audio_input_tokens, audio_output_tokens, web_searches)
    SELECT {", ".join(COLUMNS)}, 0, 'charge', true, '{{}}', 0, 0, 0, 0, 0, 0
    FROM jsonb_populate_recordset(NULL::budgets_ledgerentry, %s::jsonb)
"""  # noqa: S608
FORGET = f"DELETE FROM budgets_ledgerentry WHERE account_id = ANY (%s) AND is_sandbox AND {MARK}"  # noqa: S608
FINAL = "ALTER TABLE budgets_ledgerentry {} TRIGGER rows_are_final"


def enter(entries: Iterable[Mapping[str, Any]]) -> None:
    """One charge each, by the columns above. No counter counted them: a limit that is set later counts them as `earlier`."""
    with connection.cursor() as cursor:
        cursor.execute(ENTER, [orjson.dumps(list(entries)).decode()])


def forget(account_ids: Sequence[int]) -> None:
    """Take away the entries of accounts that were made for a demonstration. Nobody writes to the ledger meanwhile."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FINAL.format("DISABLE"))
        cursor.execute(FORGET, [list(account_ids)])
        cursor.execute(FINAL.format("ENABLE"))
