"""Alerts, rules, channels and what was sent, as JSON."""

from typing import Any

from django.contrib.auth.models import User
from rest_framework import serializers

from budgets.alerts import marks
from budgets.alerts.channels import MAX_ADDRESS
from budgets.models import Account, Alert, AlertChannel, AlertRule, Delivery, DeliveryTry
from budgets.money import usd
from budgets.types import to_nano
from routerhub.audit.serializers import Reasoned, Strict


class _Account(serializers.SlugRelatedField[Any]):
    def __init__(self, **options: Any) -> None:
        super().__init__(slug_field="slug", **({"queryset": Account.objects.all()} | options))


class _User(serializers.SlugRelatedField[Any]):
    def __init__(self, **options: Any) -> None:
        super().__init__(slug_field="username", **({"queryset": User.objects.all()} | options))


class AlertSerializer(serializers.ModelSerializer[Alert]):
    account = _Account(queryset=None, read_only=True)
    user = _User(queryset=None, read_only=True)
    acknowledged_by = _User(queryset=None, read_only=True)
    figures = serializers.DictField(help_text="What led to it, by name with the unit in it.")

    class Meta:
        model = Alert
        fields = [
            "id", "kind", "account", "user", "subject", "period_start", "state", "title", "figures", "found_at",
            "changed_at", "acknowledged_at", "acknowledged_by",
        ]  # fmt: skip


class ChannelSerializer(serializers.ModelSerializer[AlertChannel]):
    """Without what nobody may see of its address."""

    account = _Account(allow_null=True, default=None)
    user = _User(allow_null=True, default=None)

    class Meta:
        model = AlertChannel
        fields = ["id", "account", "user", "name", "kind", "shown", "is_active"]
        read_only_fields = ["shown"]


class NewChannelSerializer(Reasoned, Strict, ChannelSerializer):
    address = serializers.CharField(
        write_only=True, max_length=MAX_ADDRESS,
        help_text="Of an email, the address; of a chat, as apprise writes it; of a webhook, its https address.",
    )  # fmt: skip

    class Meta(ChannelSerializer.Meta):
        fields = [*ChannelSerializer.Meta.fields, "address", "reason"]


class ChannelChangeSerializer(NewChannelSerializer):
    """Whose it is, and what kind, stays as it is."""

    class Meta(ChannelSerializer.Meta):
        fields = ["name", "is_active", "address", "reason"]


class RuleSerializer(serializers.ModelSerializer[AlertRule]):
    """With what counts for it at present, where that was asked for (`spent`, by id)."""

    account = _Account()
    user = _User(required=False)
    spent_usd = serializers.SerializerMethodField(help_text="In its window at present.")
    percent = serializers.SerializerMethodField(help_text="Of the amount, rounded down.")

    class Meta:
        model = AlertRule
        fields = ["id", "account", "user", "amount_usd", "window", "is_active", "channels", "spent_usd", "percent"]

    def get_spent_usd(self, rule: AlertRule) -> str:
        return usd(self.context["spent"][rule.pk])

    def get_percent(self, rule: AlertRule) -> int:
        return marks.percent(self.context["spent"][rule.pk], to_nano(rule.amount_usd))


class NewRuleSerializer(Reasoned, Strict, RuleSerializer):
    class Meta(RuleSerializer.Meta):
        fields = ["account", "user", "amount_usd", "window", "is_active", "channels", "reason"]


class RuleChangeSerializer(NewRuleSerializer):
    """Whose it is stays as it is."""

    class Meta(RuleSerializer.Meta):
        fields = ["amount_usd", "window", "is_active", "channels", "reason"]


class TrySerializer(serializers.ModelSerializer[DeliveryTry]):
    class Meta:
        model = DeliveryTry
        fields = ["number", "tried_at", "took_ms", "status", "error"]


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    account = _Account(queryset=None, read_only=True)
    user = _User(queryset=None, read_only=True)
    title = serializers.CharField(source="content.data.title", read_only=True)
    log = TrySerializer(many=True, read_only=True)

    class Meta:
        model = Delivery
        fields = [
            "id", "message_id", "alert", "account", "user", "channel", "channel_name", "title", "state", "tries",
            "next_try_at", "created_at", "ended_at", "log",
        ]  # fmt: skip
