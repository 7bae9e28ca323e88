"""Batches in the REST API: money as decimal text in USD."""

from rest_framework import serializers

from budgets.money import usd
from routerhub.batches.models import Batch


class BatchSerializer(serializers.ModelSerializer[Batch]):
    cost_usd = serializers.SerializerMethodField(help_text="Of all that is answered so far.")

    class Meta:
        model = Batch
        exclude = ["cost_nano", "output_bytes", "error_bytes", "worker", "lease_until"]

    def get_cost_usd(self, batch: Batch) -> str:
        return usd(batch.cost_nano)
