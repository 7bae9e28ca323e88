"""What every change by API has in common: no unknown field, and a reason."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from routerhub import numerals
from routerhub.audit.forms import MAX_REASON_CHARS, REASON_MISSING

NUMBERS = (serializers.IntegerField, serializers.DecimalField, serializers.FloatField)


class Numeric(serializers.Serializer[Any]):
    """Reads numbers by the one rule for all of them."""

    def to_internal_value(self, data: Any) -> Any:
        given = data if isinstance(data, Mapping) else {}
        wrong = {
            name: [field.error_messages["invalid"]]
            for name, field in self.fields.items()
            if isinstance(field, NUMBERS) and not field.read_only and not numerals.may_be_one(given.get(name))
        }
        if wrong:
            raise serializers.ValidationError(wrong)
        return super().to_internal_value(data)


class Strict(Numeric):
    """Refuses fields that it does not have."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and (unknown := sorted(set(data) - set(self.fields))):
            names = [name for name, field in self.fields.items() if not field.read_only]
            allowed = ", ".join(sorted(names, key="reason".__eq__))
            raise serializers.ValidationError(
                {name: [f"There is no such field. Allowed: {allowed}."] for name in unknown}
            )
        return super().to_internal_value(data)


class WholeNumber(serializers.IntegerField):
    """A whole number between two others; what was given stands in the error."""

    def to_internal_value(self, data: Any) -> int:
        low, high = self.min_value or 0, self.max_value or 0
        found = numerals.whole(str(data))
        if found is None or not low <= found <= high:
            raise serializers.ValidationError(f"{data!r} is not a number from {low:,} to {high:,}.")
        return found


class Choice(serializers.ChoiceField):
    """One of a few words, which its error names."""

    def to_internal_value(self, data: Any) -> Any:
        if str(data) not in self.choice_strings_to_values:
            raise serializers.ValidationError(f"{data!r} is none of {', '.join(map(str, self.choices))}.")
        return super().to_internal_value(data)


class Reasoned(serializers.Serializer[Any]):
    """Mixed into what changes something: it says why, in a partial change too."""

    reason = serializers.CharField(
        write_only=True, max_length=MAX_REASON_CHARS, help_text="Why: kept in the history, beside your name.",
        error_messages={"required": REASON_MISSING, "blank": REASON_MISSING},
    )  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "reason" not in attrs:
            raise serializers.ValidationError({"reason": REASON_MISSING})
        return super().validate(attrs)  # type: ignore[no-any-return]


class ReasonSerializer(Reasoned, Strict):
    """A change that needs nothing but its reason."""


def reason_of(request: Any) -> str:
    """Of a request that deletes: it stands in the query or in the body. Raises the REST framework's ValidationError."""
    given: Any = {"reason": request.query_params["reason"]} if "reason" in request.query_params else request.data
    reason: str = valid(ReasonSerializer(data=given))["reason"]
    return reason


def valid(serializer: Any) -> dict[str, Any]:
    """The serializer's values. Raises the REST framework's ValidationError."""
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values
