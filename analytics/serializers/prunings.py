"""What was dropped when its time was over, as JSON."""

from rest_framework import serializers

from analytics.models import Pruning


class PruningSerializer(serializers.ModelSerializer[Pruning]):
    class Meta:
        model = Pruning
        fields = ["id", "kind", "part", "until", "rows", "kept", "bytes", "reason", "pruned_at"]
