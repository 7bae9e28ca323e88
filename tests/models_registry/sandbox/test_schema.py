"""A value that fits a schema."""

from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from models_registry.sandbox.schema import BadSchema, sample

NODE = {
    "type": "object",
    "properties": {"next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}},
    "required": ["next"],
}


@pytest.mark.parametrize(
    "schema",
    [
        True, {}, {"type": "string"}, {"type": "string", "minLength": 20}, {"type": "string", "maxLength": 3},
        {"type": "string", "format": "date"}, {"const": 7}, {"enum": ["b", "a"]}, {"type": "boolean"}, {"type": "null"},
        {"type": ["null", "integer"]}, {"type": "integer", "minimum": 3}, {"type": "integer", "exclusiveMinimum": 3},
        {"type": "integer", "maximum": -3}, {"type": "integer", "exclusiveMaximum": 0},
        {"type": "number", "minimum": 1, "multipleOf": 0.5}, {"type": "integer", "minimum": 7, "multipleOf": 5},
        {"type": "array", "items": {"type": "integer"}}, {"type": "array", "minItems": 3}, {"type": "array", "maxItems": 0},
        {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "number"}}, "required": ["a", "c"]},
        {"oneOf": [{"type": "integer"}, {"type": "string"}]}, {"$ref": "#/$defs/node", "$defs": {"node": NODE}},
        {"$ref": "#/$defs/list", "$defs": {"list": {"type": "array", "items": {"$ref": "#/$defs/list"}}}},
    ],
)  # fmt: skip
def test_what_is_made_fits(schema: Any) -> None:
    jsonschema.validate(sample(schema), schema)


@pytest.mark.parametrize(
    "schema",
    [
        7, {"type": "poem"}, {"$ref": "#/$defs/nowhere"}, {"$ref": "#"}, {"type": "array", "minItems": 100_000},
        {"$ref": "#/$defs/a", "$defs": {"a": {"type": "array", "minItems": 9, "items": {"$ref": "#/$defs/a"}}}},
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_said(schema: Any) -> None:
    with pytest.raises(BadSchema):
        sample(schema)
