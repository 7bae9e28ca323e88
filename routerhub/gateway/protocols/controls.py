"""What a caller tells RouterHub itself, the same in every dialect: a `routerhub` field, or headers."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from autorouter.types import PRIORITIES
from routerhub import regions
from routerhub.gateway.errors import BadRequest
from routerhub.gateway.protocols import fields
from routerhub.gateway.protocols.base import Controls

FIELD = "routerhub"
HEADER = "x-routerhub-"
SESSION_HEADERS = ("x-claude-code-session-id", "session_id")
"""In which Claude Code and Codex name the conversation."""
MAX_TAGS = 20
MAX_CANDIDATES = 500
MAX_LATENCY_MS = 3_600_000
MAX_METADATA_BYTES = 16 * 1024
"""As JSON: the most that OpenAI's own `metadata` takes has room in it."""
MAX_METADATA_DEPTH = 5
ALWAYS, DETERMINISTIC = "always", "deterministic"
NOTHING = Controls()


def read_controls(raw: object, headers: Mapping[str, str], metadata: object = None) -> Controls:
    """The controls of a request. The body's field goes before a header of the same name, and both before what the dialect itself
    calls `metadata`. Raises BadRequest."""
    if raw is not None and not isinstance(raw, dict):
        raise fields.wrong(FIELD, raw, "an object")
    given = {
        name: _from_header(value, name)
        for header, value in headers.items()
        if value and header.startswith(HEADER) and (name := header[len(HEADER) :].replace("-", "_")) in _READ
    }
    for name, value in (raw or {}).items():
        if name not in _READ:
            raise BadRequest(
                f"{FIELD}.{name}: there is no such control; allowed are {', '.join(sorted(_READ))}.", f"{FIELD}.{name}"
            )
        given[name] = value
    for name in SESSION_HEADERS:
        if headers.get(name):
            given.setdefault("session", headers[name])
    if not given and metadata is None:
        return NOTHING
    read = {name: _READ[name](value, f"{FIELD}.{name}") for name, value in given.items() if value is not None}
    if metadata is not None:
        read.setdefault("metadata", _metadata(metadata, "metadata"))
    return Controls(**read)


def _from_header(text: str, name: str) -> object:
    if name in {"candidates", "tags", "region"}:
        return [part.strip() for part in text.split(",") if part.strip()]
    if name in {"dry_run", "cache"}:
        return {"true": True, "false": False}.get(text.lower(), text)
    if name == "metadata":
        return _json(text)
    if name == "max_latency_ms":
        return fields.digits(text)
    return text


def _json(text: str) -> object:
    """What a header spells in JSON; any other text as it is, to be refused by the control's name."""
    try:
        return orjson.loads(text.encode("latin-1"))
    except ValueError:
        return text


def _metadata(value: object, param: str) -> str:
    """An object of the caller's, as JSON text; nothing where it is empty."""
    if not isinstance(value, dict):
        raise fields.wrong(param, value, "an object")
    fields.refuse_deep(value, param, MAX_METADATA_DEPTH)
    text = orjson.dumps(value)
    if len(text) > MAX_METADATA_BYTES:
        raise BadRequest(f"{param}: {len(text):,} bytes of JSON were given; allowed are {MAX_METADATA_BYTES:,}.", param)
    if b"\\u0000" in text:
        raise BadRequest(f"{param}: a text with a NUL in it was given; allowed is any other.", param)
    return text.decode() if value else ""


def _priority(value: object, param: str) -> object:
    if value not in PRIORITIES:
        raise fields.wrong(param, value, f"one of {', '.join(PRIORITIES)}")
    return value


def _region(value: object, param: str) -> tuple[str, ...]:
    """One region, or a list of them."""
    found = fields.names([value] if isinstance(value, str) else value, param, regions.MAX_REGIONS)
    if problem := regions.problem(found):
        raise BadRequest(f"{param}: {problem}", param)
    return found


def _cache(value: object, param: str) -> str:
    if value == ALWAYS:
        return ALWAYS
    if not isinstance(value, bool):
        raise fields.wrong(param, value, f'true, false or "{ALWAYS}"')
    return DETERMINISTIC if value else ""


_READ: Mapping[str, Callable[[Any, str], Any]] = {
    **dict.fromkeys(Controls.__slots__, fields.text),
    "priority": _priority,
    "metadata": _metadata,
    "candidates": lambda value, param: fields.names(value, param, MAX_CANDIDATES),
    "tags": lambda value, param: fields.names(value, param, MAX_TAGS),
    "region": _region,
    "dry_run": fields.flag,
    "cache": _cache,
    "max_latency_ms": lambda value, param: fields.whole(value, param, MAX_LATENCY_MS),
    "max_cost_usd": fields.usd,
}
