"""Records in the REST API: money as decimal text in USD."""

from rest_framework import serializers

from analytics.models import Record
from budgets.types import to_usd


class RecordSerializer(serializers.ModelSerializer[Record]):
    cost_usd = serializers.SerializerMethodField()
    cost_estimated_usd = serializers.SerializerMethodField()

    class Meta:
        model = Record
        exclude = ["cost_nano", "cost_estimated_nano"]

    def get_cost_usd(self, record: Record) -> str:
        return f"{to_usd(record.cost_nano):f}"

    def get_cost_estimated_usd(self, record: Record) -> str:
        return f"{to_usd(record.cost_estimated_nano):f}"
