"""A small value that fits a JSON schema: what the sandbox answers where structured output is wanted. Pure."""

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any, Final

MARK: Final = "[sandbox]"
MAX_VALUES = 10_000
DEEP = 8
"""So many levels down, what may be left out or be null is: a schema may contain itself."""
FORMATS: Mapping[str, str] = {
    "date-time": "2026-01-01T00:00:00Z", "date": "2026-01-01", "time": "00:00:00Z", "email": "sandbox@example.com",
    "uuid": "00000000-0000-4000-8000-000000000000", "uri": "https://sandbox.example", "ipv4": "192.0.2.1",
}  # fmt: skip


class BadSchema(ValueError):
    """No small value fits the schema, or it says what is not known here."""


def sample(schema: Any) -> Any:
    """A value that fits. Raises BadSchema. Patterns and conditions are not looked at."""
    return _Sampler(schema).value(schema, 0)


class _Sampler:
    """Makes one value; the root is where references lead."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._made = count()
        self._kinds: Mapping[str, Callable[[Mapping[str, Any], int], Any]] = {
            "object": self._object, "array": self._array, "string": _string, "integer": _number, "number": _number,
            "boolean": lambda *_: True, "null": lambda *_: None,
        }  # fmt: skip

    def value(self, schema: Any, depth: int) -> Any:
        if next(self._made) > MAX_VALUES or depth > 10 * DEEP:
            raise BadSchema("the schema asks for too large a value.")
        if schema is True or schema == {}:
            return MARK
        if not isinstance(schema, Mapping):
            raise BadSchema(f"{schema!r} is not a schema.")
        if "$ref" in schema:
            return self.value(self._referred(schema["$ref"]), depth + 1)
        if "const" in schema:
            return schema["const"]
        for name in ("enum", "anyOf", "oneOf", "allOf"):
            if options := schema.get(name):
                return options[0] if name == "enum" else self.value(_option(options, depth), depth + 1)
        kind = _option(schema.get("type", "object" if "properties" in schema else "string"), depth)
        if kind not in self._kinds:
            raise BadSchema(f"{kind!r} is not a type.")
        return self._kinds[kind](schema, depth)

    def _referred(self, path: object) -> Any:
        found = self._root
        for name in str(path).removeprefix("#").split("/")[1:]:
            if not isinstance(found, Mapping) or name not in found:
                raise BadSchema(f"{path!r} leads nowhere.")
            found = found[name]
        return found

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties") or {}
        names = (
            schema.get("required", ()) if depth > DEEP else dict.fromkeys([*properties, *schema.get("required", ())])
        )
        return {name: self.value(properties.get(name, True), depth + 1) for name in names}

    def _array(self, schema: Mapping[str, Any], depth: int) -> list[Any]:
        least = schema.get("minItems", 0 if depth > DEEP else min(1, schema.get("maxItems", 1)))
        return [self.value(schema.get("items", True), depth + 1) for _ in range(least)]


def _option(options: Any, depth: int) -> Any:
    """The first of several, or nothing at all far down."""
    if not isinstance(options, Sequence) or isinstance(options, str):
        return options
    nothing = [each for each in options if each == "null" or (isinstance(each, Mapping) and each.get("type") == "null")]
    return (
        nothing[0] if nothing and depth > DEEP else next((each for each in options if each not in nothing), options[0])
    )


def _string(schema: Mapping[str, Any], _: int) -> str:
    text = FORMATS.get(schema.get("format", ""), MARK)
    return text.ljust(schema.get("minLength", 0), ".")[: schema.get("maxLength")]


def _number(schema: Mapping[str, Any], _: int) -> Any:
    """The smallest that is allowed, and zero where it may be."""
    low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
    high = schema.get("maximum", schema.get("exclusiveMaximum", max(0, low)))
    value = min(max(0, low), high)
    step = schema.get("multipleOf", 1)
    if value == schema.get("exclusiveMinimum"):
        value += step
    if value == schema.get("exclusiveMaximum"):
        value -= step
    return value if value % step == 0 else value + step - value % step
