"""Releases in the REST API."""

from collections.abc import Callable, Mapping
from typing import Any

from rest_framework import serializers

from routerhub.audit.serializers import Numeric, ReasonSerializer
from routerhub.releases import rollout
from routerhub.releases.models import Release
from routerhub.releases.types import MAX_LABEL_CHARS, State


class ReleaseSerializer(serializers.ModelSerializer[Release]):
    author = serializers.StringRelatedField[Any]()
    state = serializers.SerializerMethodField()

    class Meta:
        model = Release
        fields = ["line", "number", "label", "state", "digest", "author", "reason", "created_at"]

    def get_state(self, release: Release) -> State:
        """live, candidate (for a share of the users), draft or replaced"""
        states: Mapping[str, Callable[[int], State]] = self.context["states"]
        return states[release.line](release.number)


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


class NameSerializer(ReasonSerializer):
    """What a release is called."""

    label = serializers.CharField(max_length=MAX_LABEL_CHARS, allow_blank=True)  # type: ignore[assignment]  # its own word


class UploadSerializer(ReasonSerializer):
    """A release as it was downloaded elsewhere, to be stored as a draft."""

    file = serializers.JSONField(help_text="What GET /api/releases/{line}/{number}/file answers")
    label = serializers.CharField(  # type: ignore[assignment]  # its own word
        max_length=MAX_LABEL_CHARS, required=False, allow_blank=True, help_text="Another name than the file's"
    )
    dry_run = serializers.BooleanField(default=False, help_text="Only check it, and tell the differences")
