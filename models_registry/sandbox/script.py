"""What the sandbox was told to do with a request: its `sandbox` field. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

MAX_TOKENS = 100_000
MAX_LATENCY_MS = 600_000
BROKEN = ("disconnect", "malformed")
WORDS = (
    "This answer was made up by the sandbox provider of RouterHub: no model was called and nothing was charged. "
    "Set OPENAI_API_KEY or OPENROUTER_API_KEY and start again to reach real models."
)


class BadScript(ValueError):
    """The `sandbox` field says something that cannot be done."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """How to answer. Times are milliseconds."""

    head_delay_ms: int = 0
    """Before the status and the headers."""
    latency_ms: int = 0
    """After them, before the answer or a stream's first chunk. A failure by status waits for both."""
    chunk_delay_ms: int = 0
    output_tokens: int | None = None
    """Length of the answer; by default the usual words."""
    reply: str | None = None
    reasoning: str = ""
    """What is thought before the answer."""
    tool_calls: tuple[tuple[str, str], ...] = ()
    """Tools to call in place of an answer, by name, each with its arguments as JSON."""
    fail_status: int | None = None
    """Answer with this HTTP status."""
    fail_break: str = ""
    """"disconnect" or "malformed"."""
    fail_after_chunks: int | None = None
    """Break a stream after so many chunks; by default at once."""
    retry_after_s: int | None = None


def read(raw: object) -> Script:
    """The script in a request's `sandbox` field. Raises BadScript, naming the field."""
    if raw is None:
        return Script()
    if not isinstance(raw, Mapping):
        raise BadScript("sandbox: write an object.")
    known = {
        "head_delay_ms",
        "latency_ms",
        "chunk_delay_ms",
        "output_tokens",
        "reply",
        "reasoning",
        "tool_calls",
        "fail",
    }
    if unknown := sorted(set(raw) - known):
        raise BadScript(f"sandbox.{unknown[0]}: allowed are {', '.join(sorted(known))}.")
    return Script(
        head_delay_ms=_count(raw, "head_delay_ms", MAX_LATENCY_MS) or 0,
        latency_ms=_count(raw, "latency_ms", MAX_LATENCY_MS) or 0,
        chunk_delay_ms=_count(raw, "chunk_delay_ms", MAX_LATENCY_MS) or 0,
        output_tokens=_count(raw, "output_tokens", MAX_TOKENS),
        reply=_text(raw, "reply"),
        reasoning=_text(raw, "reasoning") or "",
        tool_calls=_tool_calls(raw.get("tool_calls")),
        **_failure(raw.get("fail")),
    )


def _count(raw: Mapping[str, Any], name: str, max_value: int) -> int | None:
    value = raw.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= max_value:
        raise BadScript(f"sandbox.{name}: {value!r} is not a whole number from 0 to {max_value}.")
    return value


def _text(raw: Mapping[str, Any], name: str) -> str | None:
    value = raw.get(name)
    if value is not None and not isinstance(value, str):
        raise BadScript(f"sandbox.{name}: write a text.")
    return value


def _tool_calls(raw: object) -> tuple[tuple[str, str], ...]:
    calls = [] if raw is None else raw
    if not isinstance(calls, list) or not all(isinstance(call, Mapping) for call in calls):
        raise BadScript("sandbox.tool_calls: write a list of objects with name and arguments.")
    for call in calls:
        if not isinstance(call.get("name"), str) or not isinstance(call.get("arguments", {}), Mapping):
            raise BadScript("sandbox.tool_calls: write a text as name and an object as arguments.")
    return tuple([(call["name"], orjson.dumps(call.get("arguments", {})).decode()) for call in calls])


def _failure(raw: object) -> dict[str, Any]:
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        raise BadScript("sandbox.fail: write an object with status or break.")
    status, broken = raw.get("status"), raw.get("break", "")
    if status is not None and (not isinstance(status, int) or not 400 <= status <= 599):
        raise BadScript(f"sandbox.fail.status: {status!r} is not a status from 400 to 599.")
    if broken and broken not in BROKEN:
        raise BadScript(f"sandbox.fail.break: {broken!r} is not one of {', '.join(BROKEN)}.")
    return {
        "fail_status": status,
        "fail_break": broken,
        "fail_after_chunks": _count(raw, "after_chunks", MAX_TOKENS),
        "retry_after_s": _count(raw, "retry_after_s", 3_600),
    }


def answer(script: Script, max_tokens: int | None) -> tuple[list[str], str]:
    """The answer's tokens (a word each) and its finish reason. It is always marked as the sandbox's."""
    words = f"[sandbox] {script.reply if script.reply is not None else WORDS}".split(" ")
    if script.output_tokens is not None:
        words = [words[at % len(words)] for at in range(script.output_tokens)]
    tokens = [word if at == 0 else f" {word}" for at, word in enumerate(words)]
    if max_tokens is not None and len(tokens) > max_tokens:
        return tokens[:max_tokens], "length"
    return tokens, "stop"
