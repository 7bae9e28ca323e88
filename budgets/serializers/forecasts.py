"""Forecasts as JSON: figures in the limit's unit, as decimal text in USD for money, else as whole numbers."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from budgets.choices import Measure
from budgets.forecasting import wording
from budgets.forecasting.forecasts import Outlook
from budgets.money import usd


@extend_schema_field(OpenApiTypes.STR)
class FigureField(serializers.Field[Any, Any, Any, Any]):
    """An amount in the limit's measure."""

    def to_representation(self, value: int) -> str | int:
        return usd(value) if self.context["limit"].measure == Measure.MONEY else value


class ExpectedHourSerializer(serializers.Serializer[Any]):
    until = serializers.DateTimeField()
    expected = FigureField(help_text="In all, from the period's start until then.")
    low = FigureField()
    high = FigureField()


class ForecastSerializer(serializers.Serializer[Outlook]):
    limit = serializers.SerializerMethodField(help_text="The limit's id.")
    unit = serializers.SerializerMethodField(help_text="Of all figures: usd, requests or tokens.")
    amount = serializers.SerializerMethodField(help_text="The limit's own.")
    period_start = serializers.DateTimeField(source="forecast.period_start")
    period_end = serializers.DateTimeField(source="forecast.period_end")
    made_at = serializers.DateTimeField(source="forecast.made_at")
    history_hours = serializers.IntegerField(source="forecast.history_hours", help_text="From so many it was made.")
    spent = FigureField(source="forecast.spent", help_text="Exactly, when it was made.")
    expected = FigureField(source="forecast.expected", help_text="Null where there is too little history to say.")
    low = FigureField(source="forecast.low", help_text="80 % between low and high.")
    high = FigureField(source="forecast.high")
    passes_at = serializers.DateTimeField(source="forecast.passes_at", help_text="When it will be reached, or null.")
    sentence = serializers.SerializerMethodField()
    hours = serializers.SerializerMethodField()

    def get_limit(self, _: Outlook) -> int:
        return int(self.context["limit"].pk)

    def get_unit(self, _: Outlook) -> str:
        measure: str = self.context["limit"].measure
        return "usd" if measure == Measure.MONEY else measure

    def get_amount(self, _: Outlook) -> str:
        limit = self.context["limit"]
        return usd(limit.amount) if limit.measure == Measure.MONEY else str(limit.amount)

    def get_sentence(self, outlook: Outlook) -> str:
        return wording.sentence(self.context["limit"], outlook.forecast)

    def get_hours(self, outlook: Outlook) -> list[dict[str, Any]]:
        spent = outlook.forecast.spent
        rows = [
            {"until": each.until, "expected": spent + round(each.expected), "low": spent + round(each.low),
             "high": spent + round(each.high)}
            for each in outlook.points
        ]  # fmt: skip
        return list(ExpectedHourSerializer(rows, many=True, context=self.context).data)
