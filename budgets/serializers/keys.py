"""API keys as JSON."""

from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework import serializers

from budgets.choices import Period
from budgets.models import Account, ApiKey
from budgets.people.keys import MAX_LIMIT_USD, OVERLAP
from routerhub.audit.serializers import Reasoned, ReasonSerializer, Strict


class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    """Without the secret, which is shown once, to who made it."""

    account = serializers.SlugRelatedField[Any](slug_field="slug", queryset=Account.objects.all())
    user = serializers.SlugRelatedField[Any](
        slug_field="username", queryset=User.objects.all(), allow_null=True, default=None
    )

    last_used_at = serializers.DateTimeField(source="use.last_used_at", read_only=True, default=None)

    class Meta:
        model = ApiKey
        fields = [
            "id", "account", "user", "name", "prefix", "permissions", "models", "policies", "endpoints", "networks", "regions",
            "max_concurrent", "keeps_bodies", "preferences", "is_enabled", "created_at",
            "expires_at", "revoked_at", "previous_until", "last_used_at",
        ]  # fmt: skip
        read_only_fields = ["prefix", "created_at", "revoked_at", "previous_until"]


class KeyLimitSerializer(Strict):
    """The most that a key may spend, made with it."""

    amount_usd = serializers.DecimalField(max_digits=19, decimal_places=9, min_value=0, max_value=MAX_LIMIT_USD)
    period = serializers.ChoiceField(choices=Period.choices, default=Period.MONTH)


class NewApiKeySerializer(Reasoned, Strict, ApiKeySerializer):
    limit = KeyLimitSerializer(required=False, write_only=True)

    class Meta(ApiKeySerializer.Meta):
        fields = [*ApiKeySerializer.Meta.fields, "limit", "reason"]


class ApiKeyChangeSerializer(Reasoned, Strict, ApiKeySerializer):
    """Whose key it is stays as it is; its limit is one like any other by now."""

    class Meta(ApiKeySerializer.Meta):
        fields = [*(name for name in ApiKeySerializer.Meta.fields if name not in {"account", "user"}), "reason"]


class RotateSerializer(ReasonSerializer):
    until = serializers.DateTimeField(
        default=lambda: timezone.now() + OVERLAP,
        help_text="So long the old secret works too: a day, where nothing is said.",
    )
