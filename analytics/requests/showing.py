"""A request as a row of the list and beside it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from analytics.models import Record
from budgets import formats
from budgets.money import dollars, rounded


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    word: str
    icon: str
    kind: str
    """By which it is coloured."""


STATES: Mapping[str, State] = {
    "success": State(word="answered", icon="check", kind="ok"),
    "refused": State(word="refused", icon="block", kind="bad"),
    "failure": State(word="failed", icon="error", kind="bad"),
    "abandoned": State(word="cancelled", icon="logout", kind="near"),
    "unknown": State(word="unknown", icon="help", kind="near"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestRow:
    """What a line of the list says."""

    id: str
    provider: str
    model: str
    """Without its provider; "no model" where none was chosen."""
    task: str
    confidence: float | None
    """How likely the task's category is, and what else it may be."""
    second: str
    state: State
    marks: tuple[str, ...]
    who: str
    """Account and person."""
    person: str
    time: str
    cost: str
    moment: str
    """ISO 8601."""
    exact: str
    ago: str


def row_of(record: Record, names: Mapping[str, Mapping[str, str]], now: datetime, zone: ZoneInfo) -> RequestRow:
    """`names` by dimension: of accounts and users."""
    provider, _, model = record.model.rpartition(":")
    moment = record.created_at.astimezone(zone)
    return RequestRow(
        id=str(record.operation_id), provider=f"{provider}:" if provider else "", model=model or "no model",
        task=" · ".join(filter(None, _task(record))), confidence=record.confidence, second=record.second,
        state=STATES.get(record.outcome, STATES["unknown"]), marks=tuple(_marks(record)), who=_who(record, names),
        person=_person(record, names),
        time=formats.duration(record.latency_ms), cost=_cost(record), moment=moment.isoformat(),
        exact=exactly(moment), ago=formats.ago(moment, now.astimezone(zone)),
    )  # fmt: skip


def _task(record: Record) -> Iterator[str]:
    yield ", ".join(filter(None, [record.category, record.complexity]))
    if record.policy:
        yield f"policy {record.policy}"
    if record.variant:
        yield f"test {record.experiment}, variant {record.variant.upper()}"
    if not record.model:
        yield f"asked for {record.requested_model or 'nothing readable'}"


def _cost(record: Record) -> str:
    """What the sandbox made up is marked as such."""
    return (
        f"{rounded(record.cost_nano)} (sandbox)"
        if record.is_sandbox and record.cost_nano
        else rounded(record.cost_nano)
    )


def _who(record: Record, names: Mapping[str, Mapping[str, str]]) -> str:
    account = names["account"].get(str(record.account_id), "")
    return " · ".join(filter(None, [account, _person(record, names)]))


def _person(record: Record, names: Mapping[str, Mapping[str, str]]) -> str:
    return names["user"].get(str(record.user_id), "") if record.user_id else ""


def _marks(record: Record) -> list[str]:
    """What is out of the ordinary about it."""
    tries = len(record.attempts)
    found = {
        record.error_kind.replace("_", " "): record.outcome != "success",
        "cached": record.saved_nano is not None,
        f"{tries} attempts": tries > 1,
        "reported": record.is_reported,
    }
    return [words for words, holds in found.items() if words and holds]


def exactly(moment: datetime) -> str:
    """24 Nov 2026, 14:04:22."""
    return f"{moment.day} {moment:%b %Y, %H:%M:%S}"


def details(record: Record, names: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """What stands beside the list: figures, calls on a time line, tokens and facts."""
    return {
        "figures": [
            ("cost", dollars(record.cost_nano, record.is_sandbox)), ("in all", formats.duration(record.latency_ms)),
            ("first token", formats.NOTHING if record.ttft_ms is None else formats.duration(record.ttft_ms)),
            ("tokens", f"{record.input_tokens:,} → {record.output_tokens:,}"),
        ],
        "calls": calls(record.attempts, record.latency_ms, record.ttft_ms), "axis": _axis(record.latency_ms),
        "in_all": formats.duration(record.latency_ms),
        "tokens": [(name, f"{count:,}") for name, count in _tokens(record) if count],
        "estimated": dollars(record.cost_estimated_nano),
        "saved": None if record.saved_nano is None else dollars(record.saved_nano),
        "reported": None if record.reported_cost_nano is None else dollars(record.reported_cost_nano),
        "facts": [(name, text) for name, text in _facts(record, names) if text],
    }  # fmt: skip


def _axis(latency_ms: int) -> tuple[str, str, str]:
    """What stands below the time line: its beginning, middle and end."""
    return "0", formats.duration(latency_ms / 2), formats.duration(latency_ms)


def calls(attempts: list[Mapping[str, Any]], latency_ms: int, ttft_ms: int | None = None) -> list[dict[str, Any]]:
    """Each call with where its bar stands, in per cent of the whole, one behind the other; a hedge beside the one before.
    `pale`: so much of the bar until the first token of the request came."""
    whole, at, shown = max(1, latency_ms, sum(each.get("latency_ms") or 0 for each in attempts)), 0, []
    for each in attempts:
        length = each.get("latency_ms") or 0
        start = max(0, at - length) if each.get("is_hedge") else at
        at = max(at, start + length)
        place = {"left": round(100 * start / whole, 1), "width": max(0.6, round(100 * length / whole, 1))}
        waited = min(length, max(0, (ttft_ms or 0) - start))
        pale = round(100 * waited / whole, 1) if not each.get("error") else 0
        shown.append(
            {**each, **place, "pale": pale, "time": formats.duration(length), "is_good": not each.get("error")}
        )
    return shown


def _tokens(record: Record) -> list[tuple[str, int]]:
    return [
        ("input", record.input_tokens - record.cache_read_tokens - record.cache_write_tokens),
        ("input from the cache", record.cache_read_tokens), ("input into the cache", record.cache_write_tokens),
        ("output", record.output_tokens), ("of it reasoning", record.reasoning_tokens),
    ]  # fmt: skip


def _facts(record: Record, names: Mapping[str, Mapping[str, str]]) -> list[tuple[str, str]]:
    key = names["key"].get(str(record.key_id), "") if record.key_id else ""
    return [
        ("asked for", record.requested_model), ("who", _who(record, names)), ("key", key), ("session", record.session),
        ("task", record.task_id), ("task type", record.task_type), ("worker", record.worker), ("priority", record.priority),
        ("tags", ", ".join(record.tags)), ("metadata", ", ".join(f"{name}={value}" for name, value in record.metadata.items())),
        ("test", _test(record)),
        ("releases", f"router {record.router_release}, catalogue {record.catalogue_release}"),
        ("address", str(record.ip or "")), ("client", record.user_agent),
    ]  # fmt: skip


def _test(record: Record) -> str:
    """Which variant it had in which test."""
    if record.experiment is None:
        return ""
    share = f"{record.propensity or 0:.0%} of the units"
    return f"{record.experiment} phase {record.phase}, variant {record.variant.upper()} (as {share}), {record.unit}"
