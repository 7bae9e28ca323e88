"""Values of a JSON body, checked: each gives what it should be, or a BadRequest that names the field and what is allowed."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import orjson

from models_registry.upstream.base import EFFORTS
from routerhub import numerals
from routerhub.gateway.errors import BadRequest

MAX_TEXT = 200
MAX_IDENTIFIER = 100_000
HEADER_NAME = re.compile(r"[a-z][a-z0-9_.]{0,63}")
MAX_DROPPED = 20
MAX_DEPTH = 128
"""Objects and lists in each other. What is read deeper than twice that could not be written again."""
MAX_USD = 1_000_000


def json_object(body: bytes) -> dict[str, Any]:
    try:
        raw = orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        raise BadRequest(f"The body is not JSON: {problem}.", code="invalid_json") from problem
    if not isinstance(raw, dict):
        told = f"The body is {_named(raw)}: send an object."
        raise BadRequest(told, code="invalid_json", recorded="The body is no object.")
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH:
        for name, value in raw.items():
            refuse_deep(value, name, MAX_DEPTH)
    return raw


def refuse_deep(value: object, param: str, most: int) -> None:
    """Raises BadRequest where more lists and objects lie in each other."""
    level: list[Any] = [value]
    for _ in range(most):
        level = [each for each in level if isinstance(each, dict | list)]
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]
    if level:
        raise BadRequest(
            f"{param[:MAX_TEXT]}: lists and objects in each other were given; allowed is a depth of {most}.", param
        )


def _named(value: object) -> str:
    """A value for an error message: short, and only its kind where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{type(value).__name__} {text[:50]}…"


def shown(name: str) -> str:
    """A name that a client gave, for a message."""
    return name[:MAX_TEXT]


def wrong(param: str, given: object, allowed: str) -> BadRequest:
    told = f"{param}: {_named(given)} was given; allowed is {allowed}."
    return BadRequest(told, param, recorded=f"{param}: something else than {allowed} was given.")


def mapping(raw: object, param: str) -> Mapping[str, Any]:
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise wrong(param, raw, "an object")
    return raw


def text(raw: object, param: str) -> str:
    if not isinstance(raw, str) or not raw or len(raw) > MAX_TEXT or not raw.isprintable():
        raise wrong(param, raw, f"a printable text of 1 to {MAX_TEXT} characters")
    return raw


def flag(raw: object, param: str) -> bool:
    if raw is None or isinstance(raw, bool):
        return bool(raw)
    raise wrong(param, raw, "true or false")


def whole(raw: object, param: str, most: int, least: int = 1) -> int | None:
    if raw is None:
        return None
    if isinstance(raw, bool) or not isinstance(raw, int) or not least <= raw <= most:
        raise wrong(param, raw, f"a whole number from {least} to {most:,}")
    return raw


def digits(text: str) -> int | str:
    """The whole number that a header or a query spells in plain digits; any other text as it is, for `whole` to refuse."""
    number = numerals.whole(text)
    return text if number is None else number


def number(value: object, param: str, low: float, high: float) -> None:
    """Only a check: the value passes through as it is."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise wrong(param, value, f"a number from {low} to {high}")


def effort(raw: object, param: str) -> str | None:
    """How much a model is to reason, in the neutral spelling."""
    if raw is not None and raw not in EFFORTS:
        raise wrong(param, raw, f"one of {', '.join(EFFORTS)}")
    return None if raw is None else str(raw)


def items(raw: object, param: str) -> list[Any]:
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise wrong(param, raw, "a list")
    return raw


def stops(raw: object, param: str) -> None:
    """Only a check: texts at which an answer ends, or a single one."""
    if raw is not None and not isinstance(raw, str) and not _are_texts(raw):
        raise wrong(param, raw, "a text or a list of texts")


def _are_texts(raw: object) -> bool:
    return isinstance(raw, list) and all([isinstance(each, str) for each in raw])


def names(value: object, param: str, most: int) -> tuple[str, ...]:
    found = items(value, param)
    if not 1 <= len(found) <= most:
        raise wrong(param, value, f"a list of 1 to {most} texts")
    return tuple(text(name, f"{param}[{at}]") for at, name in enumerate(found))


def usd(value: object, param: str) -> Decimal:
    amount = numerals.exact(value)
    if amount is None or not 0 <= amount <= MAX_USD:
        raise wrong(param, value, f"a number of dollars from 0 to {MAX_USD:,}")
    return amount


def identifier(raw: object, param: str) -> str:
    """The id of a tool call, which may carry what its model signed: see models_registry.upstream.call_ids."""
    if not isinstance(raw, str) or not raw or len(raw) > MAX_IDENTIFIER or not raw.isprintable():
        raise wrong(param, raw, f"a printable text of 1 to {MAX_IDENTIFIER:,} characters")
    return raw


def dropped(names: Iterable[str]) -> tuple[str, ...]:
    """The names of fields that are not carried, as far as a header can hold them."""
    return tuple(sorted(filter(HEADER_NAME.fullmatch, names))[:MAX_DROPPED])
