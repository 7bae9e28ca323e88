"""How a limit is dealt out, as JSON."""

from rest_framework import serializers

from routerhub.audit.serializers import ReasonSerializer


class DealSerializer(ReasonSerializer):
    shares = serializers.DictField(
        child=serializers.DecimalField(max_digits=18, decimal_places=9, min_value=0),
        help_text="By place, dollars or a count. Together they make up the limit.",
    )
