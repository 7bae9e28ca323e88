"""The roll-ups, out of the records and read back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.models import Baseline
from analytics.windows import reading, rolling
from analytics.windows.reading import ask
from analytics.windows.types import Answer, Dimension, Figures, Question
from routerhub.tenancy.scope import NOBODY, of_key, within
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


def test_a_question_is_one_statement_that_looks_at_no_record() -> None:
    """H1"""
    insert_many(1, created_at=NOON, tags=("a",))
    rolled_up()
    for by in ((), ("tag",), ("account", "model"), ("category", "model"), ("user", "policy", "worker")):
        with CaptureQueriesContext(connection) as made:
            assert asked(by=by, step="day", zone="Asia/Kolkata", distributions=True, top=3).rows
        statement, *_ = [each["sql"] for each in made if "analytics_watermark" not in each["sql"]]
        assert len(made) == 2
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {statement}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
        assert "analytics_record" not in plan


def test_tags_are_told_each_but_never_added_up() -> None:
    insert_many(2, created_at=NOON, tags=("a", "b", "a"))
    insert_many(3, created_at=NOON, account_id=2)
    rolled_up()
    assert counts(asked(by=("tag",))) == [("a", 2), ("b", 2)]
    assert counts(asked(by=("account", "tag"))) == [("1", "a", 2), ("1", "b", 2)]
    assert counts(asked(where={"tag": ("b",)})) == [(2,)]
    assert counts(asked()) == [(5,)]


def test_filters_hold_together() -> None:
    for model, category, user_id in (("a:b", "coding", 1), ("a:b", "chat", 2), ("c:>d", "chat", 1)):
        insert_many(2, created_at=NOON, model=model, category=category, user_id=user_id)
    insert_many(1, created_at=NOON, account_id=2, model="c:>d", category="chat")
    rolled_up()
    assert counts(asked(by=("model",), where={"model": ("c:>d", "x:y")})) == [("c:>d", 3)]
    assert counts(asked(by=("model",), where={"category": ("chat",)})) == [("a:b", 2), ("c:>d", 3)]
    assert counts(asked(by=("user", "model"), where={"category": ("chat",)})) == [
        ("", "c:>d", 1), ("1", "c:>d", 2), ("2", "a:b", 2),
    ]  # fmt: skip
    assert counts(asked(where={"account": ("2", "x"), "model": ("c:>d",)})) == [(1,)]
    assert counts(asked(accounts=frozenset({1}), where={"account": ("2",)})) == []


def test_the_topmost_groups_are_those_of_the_whole_range(monkeypatch: pytest.MonkeyPatch) -> None:
    for model, cost, hours in (("a", 5, 1), ("b", 1, 2), ("b", 5, 3), ("c", 4, 1), ("d", 6, 4)):
        insert_many(1, created_at=DAY + timedelta(hours=hours), model=model, cost_nano=cost)
    rolled_up()
    assert counts(asked(by=("model",), top=2)) == [("b", 2), ("d", 1)]
    assert counts(asked(by=("model",), top=3, step="hour")) == [("a", 1), ("b", 1), ("b", 1), ("d", 1)]
    monkeypatch.setattr(reading, "MAX_ROWS", 3)
    with pytest.raises(ValueError, match="by: the answer has more than 3 rows"):
        asked(by=("model",))


def test_a_member_reads_what_is_their_accounts_alone() -> None:
    insert_many(2, created_at=NOON, account_id=5, user_id=1)
    insert_many(3, created_at=NOON, account_id=6)
    rolled_up()
    with within(of_key(5, 1)):
        assert counts(asked(accounts=frozenset({5, 6}), by=("account",))) == [("5", 2)]
        assert counts(asked(accounts=frozenset({5, 6}), by=("account", "user", "model"))) == [("5", "1", "a:b", 2)]
        with pytest.raises(ValueError, match="accounts: the figures of all accounts are for staff"):
            asked()
    with within(NOBODY):
        assert asked(accounts=frozenset({5})).rows == ()


def test_what_was_saved_is_known_of_what_can_be_compared() -> None:
    rates = {"input_rate": 10, "output_rate": 100, "cache_read_rate": 1, "cache_write_rate": 20}
    usual = {"catalogue_release": 1, "router_release": 2, "category": "coding"}
    Baseline.objects.create(**usual, **rates, kind="best", model="a:best")
    Baseline.objects.create(**usual, **{**rates, "output_rate": "0.5"}, kind="good", model="a:good")
    Baseline.objects.create(
        **{**usual, **rates, "category": "", "output_rate": 50}, kind="asked", asked="a:asked", model="a:asked"
    )
    called = {
        **usual,
        "created_at": NOON,
        "cost_nano": 900,
        "input_tokens": 10,
        "cache_read_tokens": 4,
        "output_tokens": 20,
    }
    insert_many(1, **called, requested_model="policy:fast")
    insert_many(1, **called, requested_model="a:asked")
    insert_many(1, **called, requested_model="a:gone")
    insert_many(1, **called, saved_nano=1)
    insert_many(1, **{**called, "router_release": 9})
    rolled_up()
    known = asked().rows[0].figures
    assert (known.compared_nano, known.best_nano, known.good_nano, known.asked_nano) == (1_800, 4_128, 148, 900 + 1_064)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"zone": "Mars/Base"}, "zone: 'Mars/Base' is no time zone; write one as Europe/Berlin or UTC"),
        ({"since": NOON + timedelta(minutes=1)}, "since: 2026-11-27 12:21:00.00:00 is no whole 15 minutes of an hour"),
        ({"until": DAY}, "until: 2026-11-27 00:00:00.00:00 is not after since"),
        ({"since": datetime(2026, 11, 27)}, "since: 2026-11-27 00:00:00 has no time zone"),  # noqa: DTZ001
        ({"by": ("planet",)}, "by: 'planet' is no dimension; there are account, user, key, model"),
        ({"by": ("model", "model")}, "by: model, model names a dimension twice"),
        ({"by": ("tag", "model")}, "by: figures of tags are kept by account alone, not by model"),
        ({"where": {"tag": ("a", "b")}}, "where: figures of several tags are not added up"),
        ({"step": "quarter", "since": DAY - timedelta(days=365)}, "step: at most 10,000 steps of quarter"),
        ({"top": 0}, "top: 0 is not from 1 on"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_its_field(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        asked(**changes)


@time_machine.travel(NOON + timedelta(days=13), tick=False)
@pytest.mark.parametrize("by", [(), ("model",), ("user", "policy")])
def test_five_minutes_are_told_for_some_days(by: tuple[Dimension, ...]) -> None:
    insert_many(2, created_at=NOON + timedelta(minutes=4))
    insert_many(1, created_at=NOON + timedelta(minutes=5))
    rolled_up()
    span = {"since": NOON, "until": NOON + timedelta(minutes=10), "step": "5min", "by": by}
    found = asked(**span, zone="Asia/Kolkata")
    assert [(f"{row.start:%H:%M}", row.figures.requests) for row in found.rows] == [("17:50", 2), ("17:55", 1)]
    with time_machine.travel(NOON + timedelta(days=15), tick=False):
        rolling.roll_up()
        with pytest.raises(ValueError, match="since: figures of 5 minutes are kept for 14 days"):
            asked(**span)
    assert asked(**span).rows == ()
    assert sum(row.figures.requests for row in asked(by=by).rows) == 3
