"""Releases in the REST API."""

from typing import Any

from rest_framework import serializers

from routerhub.audit.serializers import Numeric, ReasonSerializer
from routerhub.releases import rollout
from routerhub.releases.models import Release


class ReleaseSerializer(serializers.ModelSerializer[Release]):
    author = serializers.StringRelatedField[Any]()

    class Meta:
        model = Release
        fields = ["line", "number", "digest", "author", "reason", "created_at"]


class RolloutSerializer(ReasonSerializer):
    """Make a release live for a share of the users, or promote or roll back what is."""

    action = serializers.ChoiceField(["roll_out", "promote", "rollback"])
    release = serializers.IntegerField(required=False, min_value=0)
    percent = serializers.IntegerField(default=rollout.EVERYBODY, help_text="1 to 100 percent of the users")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["action"] == "roll_out" and "release" not in attrs:
            raise serializers.ValidationError({"release": "This field is required for roll_out."})
        return super().validate(attrs)


class DifferenceQuery(Numeric):
    before = serializers.IntegerField(min_value=0)
    after = serializers.IntegerField(min_value=0)
