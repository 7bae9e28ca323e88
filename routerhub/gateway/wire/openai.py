"""OpenAI's chat completions: JSON in, ChatRequest out. Only what is decided upon is checked; the rest passes through."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from autorouter.types import PRIORITIES
from routerhub.gateway.errors import BadRequest
from routerhub.gateway.wire.values import AUTO, ChatRequest, Controls

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
FIELD = "routerhub"
HEADER = "x-routerhub-"
MAX_TEXT = 200
MAX_TAGS = 20
MAX_CHOICES = 128
IMAGE_CEILING_TOKENS = 5_000
"""Accepted limit: no current model charges more for one picture. A picture's bytes say nothing about its tokens."""
AUDIO_BYTES_PER_TOKEN = 100
"""Accepted limit: encoded speech has 1,500 bytes a second and more, and models charge 10 to 40 tokens for one."""
MESSAGE_TOKENS = 16
"""For the marks that a chat template puts around each message."""


def read(body: bytes, headers: Mapping[str, str]) -> ChatRequest:
    """The request in a body. Raises BadRequest, which names the field."""
    raw = _object(body)
    messages = _messages(raw.get("messages"))
    payload = {name: value for name, value in raw.items() if name not in {FIELD, "model"}}
    stream_options = raw.get("stream_options") or {}
    response_format = raw.get("response_format") or {}
    if not isinstance(stream_options, Mapping):
        raise _wrong("stream_options", stream_options, "an object")
    if not isinstance(response_format, Mapping):
        raise _wrong("response_format", response_format, "an object")
    _number(raw, "temperature", 0, 2)
    _number(raw, "top_p", 0, 1)
    return ChatRequest(
        model=_text(raw.get("model", AUTO), "model"),
        messages=messages,
        payload=payload,
        stream=_flag(raw.get("stream"), "stream"),
        include_usage=_flag(stream_options.get("include_usage"), "stream_options.include_usage"),
        max_output_tokens=_max_output(raw),
        choices=_whole(raw.get("n"), "n", MAX_CHOICES) or 1,
        has_tools=bool(_list(raw.get("tools"), "tools")),
        is_structured=response_format.get("type") in {"json_object", "json_schema"},
        max_input_tokens=_max_input(raw, len(messages)),
        controls=read_controls(raw.get(FIELD), headers),
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        raw = orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        raise BadRequest(f"The body is not JSON: {problem}.", code="invalid_json") from problem
    if not isinstance(raw, dict):
        raise BadRequest(f"The body is {_named(raw)}: send an object.", code="invalid_json")
    return raw


def _named(value: object) -> str:
    """A value for an error message: short, and only its kind where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{type(value).__name__} {text[:50]}…"


def _wrong(param: str, given: object, allowed: str) -> BadRequest:
    return BadRequest(f"{param}: {_named(given)} was given; allowed is {allowed}.", param)


def _messages(raw: object) -> Sequence[Mapping[str, Any]]:
    if not isinstance(raw, list) or not raw:
        raise _wrong("messages", raw, "a list of at least one message")
    for at, message in enumerate(raw):
        if not isinstance(message, Mapping):
            raise _wrong(f"messages[{at}]", message, "an object with role and content")
        if message.get("role") not in ROLES:
            raise _wrong(f"messages[{at}].role", message.get("role"), f"one of {', '.join(ROLES)}")
        content = message.get("content")
        if content is not None and not isinstance(content, str | list):
            raise _wrong(f"messages[{at}].content", content, "a text or a list of parts")
        if isinstance(content, list) and not all(isinstance(part, Mapping) for part in content):
            raise _wrong(f"messages[{at}].content", content, "a list of objects")
    return raw


def _text(raw: object, param: str) -> str:
    if not isinstance(raw, str) or not raw or len(raw) > MAX_TEXT or not raw.isprintable():
        raise _wrong(param, raw, f"a printable text of 1 to {MAX_TEXT} characters")
    return raw


def _flag(raw: object, param: str) -> bool:
    if raw is None or isinstance(raw, bool):
        return bool(raw)
    raise _wrong(param, raw, "true or false")


def _whole(raw: object, param: str, most: int) -> int | None:
    if raw is None:
        return None
    if isinstance(raw, bool) or not isinstance(raw, int) or not 1 <= raw <= most:
        raise _wrong(param, raw, f"a whole number from 1 to {most:,}")
    return raw


def _number(raw: Mapping[str, Any], name: str, low: float, high: float) -> None:
    value = raw.get(name)
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise _wrong(name, value, f"a number from {low} to {high}")


def _list(raw: object, param: str) -> list[Any]:
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise _wrong(param, raw, "a list")
    return raw


def _max_output(raw: Mapping[str, Any]) -> int | None:
    limits = [_whole(raw.get(name), name, 10_000_000) for name in ("max_completion_tokens", "max_tokens")]
    return min((limit for limit in limits if limit is not None), default=None)


# --- the size of the prompt


def _max_input(raw: Mapping[str, Any], messages: int) -> int:
    """Bytes of everything that a model reads, attachments by their own measure."""
    read_by_model = {name: raw.get(name) for name in ("messages", "tools", "functions", "response_format")}
    attached = list(_attachments(raw["messages"]))
    text_bytes = len(orjson.dumps(read_by_model)) - sum(size for size, _ in attached)
    return text_bytes + sum(tokens for _, tokens in attached) + MESSAGE_TOKENS * messages


def _attachments(messages: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, int]]:
    """Size in the JSON and most tokens of each attachment. A picture by reference has no size here."""
    for message in messages:
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            image, audio = part.get("image_url"), part.get("input_audio")
            if image is not None:
                address = image.get("url") if isinstance(image, Mapping) else image
                yield len(address) if isinstance(address, str) else 0, IMAGE_CEILING_TOKENS
            elif isinstance(audio, Mapping):
                data = audio.get("data")
                size = len(data) if isinstance(data, str) else 0
                yield size, size // AUDIO_BYTES_PER_TOKEN + 1


# --- controls


def read_controls(raw: object, headers: Mapping[str, str]) -> Controls:
    """The controls of a request. The body's field goes before a header of the same name."""
    if raw is not None and not isinstance(raw, Mapping):
        raise _wrong(FIELD, raw, "an object")
    allowed = set(Controls.__slots__)
    given = {name: _from_header(headers[HEADER + name.replace("_", "-")], name)
             for name in allowed if headers.get(HEADER + name.replace("_", "-"))}  # fmt: skip
    for name, value in (raw or {}).items():
        if name not in allowed:
            raise BadRequest(
                f"{FIELD}.{name}: there is no such control; allowed are {', '.join(sorted(allowed))}.",
                f"{FIELD}.{name}",
            )
        given[name] = value
    return Controls(**{name: _control(name, value) for name, value in given.items() if value is not None})


def _from_header(text: str, name: str) -> object:
    if name in {"candidates", "tags"}:
        return [part.strip() for part in text.split(",") if part.strip()]
    if name == "dry_run":
        return {"true": True, "false": False}.get(text.lower(), text)
    if name == "max_latency_ms":
        return int(text) if text.isdigit() else text
    return text


def _control(name: str, value: object) -> Any:
    param = f"{FIELD}.{name}"
    if name in {"candidates", "tags"}:
        return _names(value, param, most=500 if name == "candidates" else MAX_TAGS)
    if name == "dry_run":
        return _flag(value, param)
    if name == "max_latency_ms":
        return _whole(value, param, 3_600_000)
    if name == "max_cost_usd":
        return _usd(value, param)
    if name == "priority" and value not in PRIORITIES:
        raise _wrong(param, value, f"one of {', '.join(PRIORITIES)}")
    return _text(value, param)


def _names(value: object, param: str, most: int) -> tuple[str, ...]:
    names = _list(value, param)
    if not 1 <= len(names) <= most:
        raise _wrong(param, value, f"a list of 1 to {most} texts")
    return tuple(_text(name, f"{param}[{at}]") for at, name in enumerate(names))


def _usd(value: object, param: str) -> Decimal:
    try:
        usd = Decimal("NaN") if isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        usd = Decimal("NaN")
    if not usd.is_finite() or not 0 <= usd <= 1_000_000:
        raise _wrong(param, value, "a number of dollars from 0 to 1,000,000")
    return usd
