"""Exports and kept views in the REST API."""

from typing import Any

from rest_framework import serializers
from rest_framework.reverse import reverse

from analytics.exports.types import FORMATS
from analytics.models import Export, ExportState, SavedView
from analytics.models.views import MAX_NAME
from routerhub.audit.serializers import Choice, Strict


class ExportSerializer(serializers.ModelSerializer[Export]):
    """How far it is; `file` is where it is loaded from while it is ready."""

    file = serializers.SerializerMethodField()

    class Meta:
        model = Export
        fields = [
            "id", "name", "format", "query", "state", "rows", "size", "problem", "created_at", "expires_at", "file",
        ]  # fmt: skip

    def get_file(self, export: Export) -> str | None:
        is_ready = export.state == ExportState.READY
        return reverse("export-file", [export.pk], request=self.context.get("request")) if is_ready else None


class NewExportSerializer(Strict):
    """POST {"format": "parquet", "query": {"range": "30d", "zone": "Europe/Berlin", "outcome": "failure"}}"""

    format = Choice(choices=FORMATS)
    query = serializers.DictField(child=serializers.CharField(max_length=500), default=dict)


class SavedViewSerializer(serializers.ModelSerializer[SavedView]):
    by = serializers.CharField(source="user.username", read_only=True)

    class Meta:
        model = SavedView
        fields = ["id", "name", "query", "is_shared", "account_id", "by"]


class NewSavedViewSerializer(Strict):
    """A view of the same name is replaced. `account` says with whose members it is shared; without one, with staff."""

    name = serializers.CharField(max_length=MAX_NAME)
    query = serializers.DictField(child=serializers.CharField(max_length=500), default=dict)
    is_shared = serializers.BooleanField(default=False)
    account = serializers.CharField(required=False, allow_null=True, default=None)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["account"] and not attrs["is_shared"]:
            raise serializers.ValidationError({"account": "A view that is not shared is nobody else's: leave it out."})
        return attrs
