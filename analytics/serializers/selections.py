"""Selections in the REST API: money as decimal text in USD."""

from typing import Any

from rest_framework import serializers

from analytics.models import Selection
from analytics.selections.types import Outcome
from budgets.money import usd
from routerhub.audit.serializers import Strict

MAX_TOKENS = 1_000_000_000
MAX_MS = 24 * 3_600_000


def _tokens(**options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=0, max_value=MAX_TOKENS, default=0, **options)


class OutcomeSerializer(Strict):
    """POST {"success", "latency_ms", "input_tokens", "output_tokens", ...}; `cost_usd` is reckoned where it is left out."""

    success = serializers.BooleanField()
    error = serializers.CharField(max_length=1_000, default="", allow_blank=True)
    input_tokens = _tokens()
    output_tokens = _tokens()
    cache_read_tokens = _tokens(help_text="Part of the input.")
    cache_write_tokens = _tokens(help_text="Part of the input.")
    reasoning_tokens = _tokens(help_text="Part of the output.")
    latency_ms = serializers.IntegerField(min_value=0, max_value=MAX_MS, default=0, help_text="Of the whole answer.")
    ttft_ms = serializers.IntegerField(
        min_value=0, max_value=MAX_MS, default=None, allow_null=True, help_text="Until its first token."
    )
    cost_usd = serializers.DecimalField(
        max_digits=18, decimal_places=9, min_value=0, default=None, allow_null=True,
        help_text="What it cost; by the price list of the selection's release where it is left out.",
    )  # fmt: skip
    deployment = serializers.CharField(
        max_length=200, default="", allow_blank=True, help_text='Where it was called, e.g. "openrouter/openai/gpt-5".'
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        parts, whole = attrs["cache_read_tokens"] + attrs["cache_write_tokens"], attrs["input_tokens"]
        if parts > whole:
            raise serializers.ValidationError(
                {"cache_read_tokens": f"{parts:,} cached tokens are more than {whole:,} input tokens."}
            )
        if attrs["reasoning_tokens"] > attrs["output_tokens"]:
            raise serializers.ValidationError(
                {"reasoning_tokens": "More than output_tokens, of which they are a part."}
            )
        if (first := attrs["ttft_ms"]) is not None and first > attrs["latency_ms"]:
            raise serializers.ValidationError(
                {"ttft_ms": f"{first:,} ms is later than latency_ms, {attrs['latency_ms']:,} ms."}
            )
        return attrs

    @property
    def value(self) -> Outcome:
        return Outcome(**self.validated_data)


class SelectionSerializer(serializers.ModelSerializer[Selection]):
    estimated_cost_usd = serializers.SerializerMethodField()
    cost_usd = serializers.SerializerMethodField(
        help_text="What it cost, told or reckoned; null until it is completed."
    )
    is_completed = serializers.SerializerMethodField()

    class Meta:
        model = Selection
        exclude = ["estimated_nano", "decision"]

    def get_estimated_cost_usd(self, row: Selection) -> str:
        return usd(row.estimated_nano)

    def get_cost_usd(self, row: Selection) -> str | None:
        return usd(row.outcome["reckoned_nano"]) if row.outcome else None

    def get_is_completed(self, row: Selection) -> bool:
        return row.completed_at is not None
