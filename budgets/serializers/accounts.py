"""Accounts as JSON."""

from rest_framework import serializers

from budgets.models import Account
from routerhub.audit.serializers import Reasoned, Strict


class AccountSerializer(serializers.ModelSerializer[Account]):
    class Meta:
        model = Account
        fields = [
            "slug", "name", "is_active", "is_pro", "keeps_responses", "may_cache", "refuses_stand_ins", "regions", "timezone",
            "unpriced_request_usd", "missing_usage", "legal_hold", "created_at",
        ]  # fmt: skip


class AccountChangeSerializer(Reasoned, Strict, AccountSerializer):
    class Meta(AccountSerializer.Meta):
        fields = [*AccountSerializer.Meta.fields, "reason"]
        read_only_fields = ["created_at"]
