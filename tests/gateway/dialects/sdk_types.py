"""The official SDKs' types as a strict oracle: what of a value does not fit one of their request dicts or answer models.

Their own reading is lenient: it takes fields that nobody knows, and goes on without those that must be there.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NotRequired, Required, Union, get_args, get_origin

from pydantic import BaseModel
from typing_extensions import TypeAliasType, get_type_hints, is_typeddict

OURS = frozenset({"routerhub", "sandbox"})
"""What RouterHub says in every answer, and what its sandbox is told."""

TELLING = ("type", "role", "stream")
"""The fields by which alike types tell themselves apart."""


def problems(value: Any, kind: Any, path: str = "", also: frozenset[str] = OURS) -> list[str]:
    """Each with its place. `also` are names of fields that may stand beside those that the types know."""
    kind, _ = _unwrapped(kind)
    origin = get_origin(kind)
    if kind in (Any, object):
        return []
    if origin in (Union, UnionType):
        return _union(value, get_args(kind), path, also)
    if origin is Literal:
        return [] if value in get_args(kind) else [f"{path}: {value!r} is none of {get_args(kind)}"]
    return _object(value, kind, path, also) if _is_object(kind) else _holding(value, kind, path, also)


def _holding(value: Any, kind: Any, path: str, also: frozenset[str]) -> list[str]:
    """What is wrong with a value that holds others, or none."""
    origin = get_origin(kind)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(value, get_args(kind)[1], path, also)
    if isinstance(origin, type) and issubclass(origin, Iterable):
        return _list(value, get_args(kind)[0], path, also)
    return _plain(value, kind, path)


def _unwrapped(kind: Any) -> tuple[Any, bool | None]:
    """A type without what is said about it, and whether the field that has it must be there, where that is said."""
    required: bool | None = None
    while True:
        origin = get_origin(kind)
        if origin in (Required, NotRequired):
            required, kind = origin is Required, get_args(kind)[0]
        elif origin is Annotated:
            kind = get_args(kind)[0]
        elif isinstance(kind, TypeAliasType):
            kind = kind.__value__
        else:
            return kind, required


def _is_object(kind: Any) -> bool:
    return is_typeddict(kind) or (isinstance(kind, type) and issubclass(kind, BaseModel))


@cache
def fields(kind: Any) -> Mapping[str, tuple[Any, bool]]:
    """The fields of a request dict or an answer model, each with its type and whether it must be there."""
    if is_typeddict(kind):
        hints = {name: _unwrapped(hint) for name, hint in get_type_hints(kind, include_extras=True).items()}
        return {name: (hint, bool(must)) for name, (hint, must) in hints.items()}
    return {each.alias or name: (each.annotation, each.is_required()) for name, each in kind.model_fields.items()}


def _object(value: Any, kind: Any, path: str, also: frozenset[str]) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {value!r} is no object"]
    known, name_of = fields(kind), kind.__name__
    found = [f"{path}.{name}: {name_of} has no such field" for name in value.keys() - known.keys() - also]
    found += [f"{path}.{name}: {name_of} must have it" for name in known if known[name][1] and name not in value]
    inner = [problems(value[name], known[name][0], f"{path}.{name}", also) for name in value.keys() & known.keys()]
    return found + [problem for each in inner for problem in each]


def _union(value: Any, kinds: Sequence[Any], path: str, also: frozenset[str]) -> list[str]:
    """What is wrong by the type that is meant, or by the one with the least wrong."""
    tried = [problems(value, kind, path, also) for kind in kinds]
    if not all(tried):
        return []
    meant = [found for kind, found in zip(kinds, tried, strict=True) if _is_meant(value, kind)]
    return min(meant or tried, key=len)


def _is_meant(value: Any, kind: Any) -> bool:
    kind, _ = _unwrapped(kind)
    if isinstance(value, list):
        return isinstance(get_origin(kind), type)
    known = fields(kind) if _is_object(kind) and isinstance(value, dict) else {}
    told = [name for name in TELLING if name in known and name in value]
    return bool(told) and not any(problems(value[name], known[name][0]) for name in told)


def _mapping(value: Any, kind: Any, path: str, also: frozenset[str]) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {value!r} is no object"]
    return [problem for name, each in value.items() for problem in problems(each, kind, f"{path}.{name}", also)]


def _list(value: Any, kind: Any, path: str, also: frozenset[str]) -> list[str]:
    if not isinstance(value, list):
        return [f"{path}: {value!r} is no list"]
    return [problem for at, each in enumerate(value) for problem in problems(each, kind, f"{path}[{at}]", also)]


def _plain(value: Any, kind: Any, path: str) -> list[str]:
    if kind in (None, NoneType):
        fits = value is None
    elif kind is float or kind is int:
        fits = isinstance(value, kind | int) and not isinstance(value, bool)
    elif kind in (bool, dict, list):
        fits = isinstance(value, kind)
    else:
        fits = isinstance(value, str)  # also dates, enumerations and base64
    return [] if fits else [f"{path}: {value!r} is no {getattr(kind, '__name__', kind)}"]
