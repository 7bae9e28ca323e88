"""API keys as JSON."""

from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework import serializers

from budgets.models import Account, ApiKey
from budgets.people.keys import OVERLAP
from routerhub.audit.serializers import Reasoned, ReasonSerializer, Strict


class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    """Without the secret, which is shown once, to who made it."""

    account = serializers.SlugRelatedField[Any](slug_field="slug", queryset=Account.objects.all())
    user = serializers.SlugRelatedField[Any](
        slug_field="username", queryset=User.objects.all(), allow_null=True, default=None
    )

    class Meta:
        model = ApiKey
        fields = [
            "id", "account", "user", "name", "prefix", "permissions", "regions", "max_concurrent", "is_enabled", "created_at",
            "expires_at", "revoked_at", "previous_until",
        ]  # fmt: skip
        read_only_fields = ["prefix", "created_at", "revoked_at", "previous_until"]


class NewApiKeySerializer(Reasoned, Strict, ApiKeySerializer):
    class Meta(ApiKeySerializer.Meta):
        fields = [*ApiKeySerializer.Meta.fields, "reason"]


class ApiKeyChangeSerializer(NewApiKeySerializer):
    """Whose key it is stays as it is."""

    class Meta(NewApiKeySerializer.Meta):
        fields = [name for name in NewApiKeySerializer.Meta.fields if name not in {"account", "user"}]


class RotateSerializer(ReasonSerializer):
    until = serializers.DateTimeField(
        default=lambda: timezone.now() + OVERLAP,
        help_text="So long the old secret works too: a day, where nothing is said.",
    )
