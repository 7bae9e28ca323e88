"""The roll-ups, out of the records and read back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.windows.reading import ask
from analytics.windows.types import Answer, Figures, Question
from tests.analytics.rows import insert_many, rolled_up

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 11, 27, tzinfo=UTC)
NOON = DAY + timedelta(hours=12, minutes=20)


def asked(**changes: Any) -> Answer:
    return ask(Question(**{"since": DAY, "until": DAY + timedelta(days=1), **changes}))


def counts(answer: Answer) -> list[tuple[Any, ...]]:
    return [(*row.group, row.figures.requests) for row in answer.rows]


def test_figures_are_those_of_the_records() -> None:
    usual = {
        "created_at": NOON, "account_id": 5, "latency_ms": 1_000, "ttft_ms": 300, "is_stream": True, "cost_nano": 7,
        "input_tokens": 10, "output_tokens": 20, "cache_read_tokens": 3, "cache_write_tokens": 2, "reasoning_tokens": 4,
        "catalogue_release": 99,
    }  # fmt: skip
    insert_many(2, **usual)
    insert_many(1, **usual, fallback_used=True)
    insert_many(1, created_at=NOON, account_id=5, saved_nano=9, latency_ms=3)
    insert_many(1, created_at=NOON, account_id=5, outcome="failure", error_kind="timeout", cost_nano=1)
    insert_many(2, created_at=NOON, account_id=6, outcome="refused", error_kind="budget_exceeded")
    insert_many(1, created_at=NOON, account_id=6, outcome="abandoned")
    insert_many(1, created_at=NOON, account_id=6, outcome="unknown")
    insert_many(9, created_at=NOON, account_id=6, is_sandbox=True)
    rolled_up()
    (row,) = asked().rows
    assert row.figures == Figures(
        requests=9, successes=4, failures=1, refused=2, abandoned=1, unknown=1, fallbacks=1, cached=1, input_tokens=30,
        output_tokens=60, cache_read_tokens=9, cache_write_tokens=6, reasoning_tokens=12, cost_nano=22, cache_saved_nano=9,
        timed=3, latency_ms=3_000, ttft_ms=900, first_tokens=3, output_ms=2_100, streamed_tokens=60,
        errors={"timeout": 1, "budget_exceeded": 2},
    )  # fmt: skip
    assert [sum(each.counts.values()) for each in distributions()] == [3, 3]
    assert counts(asked(traffic="sandbox")) == [(9,)]
    assert counts(asked(traffic="both", by=("account",))) == [("5", 5), ("6", 13)]


def distributions() -> Any:
    figures = asked(distributions=True).rows[0].figures
    return figures.latencies, figures.first_token_times
