"""Feedback in the REST API."""

from rest_framework import serializers

from analytics.models import Feedback


class FeedbackSerializer(serializers.ModelSerializer[Feedback]):
    """POST {"operation_id", "satisfaction": 0 to 1, "comment"}; the id stands in the answer's x-routerhub-operation-id."""

    operation_id = serializers.UUIDField()
    satisfaction = serializers.DecimalField(max_digits=4, decimal_places=3, min_value=0, max_value=1)

    class Meta:
        model = Feedback
        fields = ["operation_id", "satisfaction", "comment", "reported_at"]
