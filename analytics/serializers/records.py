"""Records in the REST API: money as decimal text in USD."""

from rest_framework import serializers

from analytics.models import Record
from budgets.money import usd


class RecordSerializer(serializers.ModelSerializer[Record]):
    cost_usd = serializers.SerializerMethodField()
    cost_estimated_usd = serializers.SerializerMethodField()
    saved_usd = serializers.SerializerMethodField(help_text="What the cache saved; null where a model was called.")

    reported_cost_usd = serializers.SerializerMethodField(
        help_text="What the provider itself says that the answer cost; null where it does not say."
    )

    class Meta:
        model = Record
        exclude = ["cost_nano", "cost_estimated_nano", "saved_nano", "reported_cost_nano"]

    def get_cost_usd(self, record: Record) -> str:
        return usd(record.cost_nano)

    def get_cost_estimated_usd(self, record: Record) -> str:
        return usd(record.cost_estimated_nano)

    def get_saved_usd(self, record: Record) -> str | None:
        return None if record.saved_nano is None else usd(record.saved_nano)

    def get_reported_cost_usd(self, record: Record) -> str | None:
        return None if record.reported_cost_nano is None else usd(record.reported_cost_nano)
