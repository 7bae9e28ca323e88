"""What a caller tells RouterHub itself, the same in every dialect: a `routerhub` field, or headers."""

from collections.abc import Callable, Mapping
from typing import Any

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
ALWAYS, DETERMINISTIC = "always", "deterministic"
NOTHING = Controls()


def read_controls(raw: object, headers: Mapping[str, str]) -> Controls:
    """The controls of a request. The body's field goes before a header of the same name. Raises BadRequest."""
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
    if not given:
        return NOTHING
    return Controls(
        **{name: _READ[name](value, f"{FIELD}.{name}") for name, value in given.items() if value is not None}
    )


def _from_header(text: str, name: str) -> object:
    if name in {"candidates", "tags", "region"}:
        return [part.strip() for part in text.split(",") if part.strip()]
    if name in {"dry_run", "cache"}:
        return {"true": True, "false": False}.get(text.lower(), text)
    if name == "max_latency_ms":
        return fields.digits(text)
    return text


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
    "candidates": lambda value, param: fields.names(value, param, MAX_CANDIDATES),
    "tags": lambda value, param: fields.names(value, param, MAX_TAGS),
    "region": _region,
    "dry_run": fields.flag,
    "cache": _cache,
    "max_latency_ms": lambda value, param: fields.whole(value, param, MAX_LATENCY_MS),
    "max_cost_usd": fields.usd,
}
