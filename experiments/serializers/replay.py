"""What is tried out, as JSON in the REST API."""

from dataclasses import replace

from rest_framework import serializers

from budgets.types import Caller
from experiments.errors import BadSlice
from experiments.replay.backtest import MAX_REPLAYED
from experiments.replay.traffic import MAX_REQUESTS, Slice
from routerhub.audit.serializers import Strict


class SliceSerializer(Strict):
    """Which records are replayed."""

    limit = serializers.IntegerField(default=MAX_REQUESTS, min_value=1, max_value=MAX_REPLAYED)
    since = serializers.DateTimeField(required=False, allow_null=True, default=None)
    until = serializers.DateTimeField(required=False, allow_null=True, default=None)
    account_id = serializers.IntegerField(required=False, allow_null=True, default=None)
    user_id = serializers.IntegerField(required=False, allow_null=True, default=None)
    category = serializers.CharField(default="", allow_blank=True)
    complexity = serializers.CharField(default="", allow_blank=True)
    task_type = serializers.CharField(default="", allow_blank=True)
    model = serializers.CharField(default="", allow_blank=True)
    tag = serializers.CharField(default="", allow_blank=True)
    read_by = serializers.CharField(
        default="", allow_blank=True, help_text="Who found the category: table, encoder or model."
    )
    min_confidence = serializers.FloatField(required=False, allow_null=True, default=None, help_text="0 to 1")
    max_confidence = serializers.FloatField(required=False, allow_null=True, default=None, help_text="0 to 1")

    def chosen(self, key: Caller | None) -> Slice:
        """The slice that was asked for; by a key, of its own account. Raises BadSlice."""
        asked = Slice(**{name: self.validated_data[name] for name in Slice.__slots__})
        if key is None:
            return asked
        if asked.account_id not in (None, key.account_id):
            raise BadSlice("account_id", f"{asked.account_id} is not the account of this key.")
        return replace(asked, account_id=key.account_id)


class PreviewSerializer(SliceSerializer):
    """Values that are not saved yet, as a part of a router bundle."""

    changes = serializers.DictField()


class BacktestSerializer(SliceSerializer):
    """Which releases are tried, and what the change may do at most. Shares: 0.05 is 5 %."""

    router = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=0)
    catalogue = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=0)
    instead = serializers.CharField(
        default="", allow_blank=True, help_text="A model: what if it took all of these requests that it can?"
    )
    max_cost_increase = serializers.FloatField(required=False, allow_null=True, default=None)
    max_latency_increase = serializers.FloatField(required=False, allow_null=True, default=None)
    max_quality_loss = serializers.FloatField(required=False, allow_null=True, default=None)
    max_moved = serializers.FloatField(required=False, allow_null=True, default=None)
