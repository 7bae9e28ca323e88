"""The books as JSON: money as decimal text in USD, exact to the nano-dollar."""

from typing import Any, get_args

from django.contrib.auth.models import User
from rest_framework import serializers

from budgets.books.costs import DIMENSIONS, MAX_ROWS, Traffic
from budgets.limits.zones import check_zone
from budgets.models import Account, BillingLine, BillingRecord, LedgerEntry, Reconciliation
from budgets.money import usd
from budgets.types import NANO
from routerhub.audit.serializers import Choice, Reasoned, Strict, WholeNumber

MAX_CREDIT_USD = 1_000_000_000


class Dollars(serializers.IntegerField):
    """Nano-dollars, told in dollars."""

    def __init__(self, source: str, **options: Any) -> None:
        super().__init__(source=source, read_only=True, **options)

    def to_representation(self, value: Any) -> Any:
        return usd(value)


class LedgerEntrySerializer(serializers.ModelSerializer[LedgerEntry]):
    amount_usd = Dollars("amount_nano")
    overrun_usd = Dollars(
        "overrun_nano", help_text="What the upstream asked beyond the hold: nobody is charged for it."
    )

    class Meta:
        model = LedgerEntry
        exclude = ["amount_nano", "overrun_nano", "address", "author_id"]


class CreditSerializer(Reasoned, Strict):
    """So much back for an account, or for one operation of it."""

    account = serializers.SlugRelatedField[Any](slug_field="slug", queryset=Account.objects.all())
    amount_usd = serializers.DecimalField(max_digits=20, decimal_places=9, max_value=MAX_CREDIT_USD)
    operation_id = serializers.UUIDField(
        default=None, allow_null=True, help_text="The operation that it is for; null: the account as a whole."
    )
    gives_room = serializers.BooleanField(
        default=False, help_text="Whether the limits of the running periods have it back too, not the bill alone."
    )
    id = serializers.UUIDField(required=False, help_text="Your name for it: the same one twice is one credit.")

    def validate_amount_usd(self, value: Any) -> int:
        return int(value * NANO)


class BillingLineSerializer(serializers.ModelSerializer[BillingLine]):
    amount_usd = Dollars("amount_nano")
    by_ceiling_usd = Dollars("by_ceiling_nano")

    class Meta:
        model = BillingLine
        fields = [
            "month", "is_late", "kind", "model", "key", "user", "policy", "entries", "input_tokens", "output_tokens",
            "amount_usd", "by_ceiling_usd",
        ]  # fmt: skip


class BillingRecordSerializer(serializers.ModelSerializer[BillingRecord]):
    name = serializers.CharField(source="__str__", read_only=True, help_text="E.g. acme-0001.")
    total_usd = Dollars("total_nano")

    class Meta:
        model = BillingRecord
        fields = [
            "id", "name", "account", "account_name", "number", "period_start", "period_end", "time_zone", "total_usd",
            "closed_at",
        ]  # fmt: skip


class WholeBillingRecordSerializer(BillingRecordSerializer):
    lines = BillingLineSerializer(many=True, read_only=True)

    class Meta(BillingRecordSerializer.Meta):
        fields = [*BillingRecordSerializer.Meta.fields, "lines"]


class CloseSerializer(Reasoned, Strict):
    """Whose ended months become billing records; null: everybody's."""

    account = serializers.SlugRelatedField[Any](
        slug_field="slug", queryset=Account.objects.all(), default=None, allow_null=True
    )


class ReconciliationSerializer(serializers.ModelSerializer[Reconciliation]):
    class Meta:
        model = Reconciliation
        fields = ["id", "began_at", "took_ms", "counters", "differences", "is_repair", "author", "reason"]


class ReconcileSerializer(Reasoned, Strict):
    repair = serializers.BooleanField(default=False, help_text="Set the counters that differ to what the ledger says.")


class CostsQuery(serializers.Serializer[Any]):
    """Which costs are asked for."""

    since = serializers.DateField(
        required=False, help_text="The first day, in the account's zone. Else this month's first."
    )
    until = serializers.DateField(required=False, help_text="The last day. Else today.")
    group_by = serializers.CharField(
        default="", allow_blank=True, help_text=f"Up to three, with commas between them: {', '.join(DIMENSIONS)}."
    )
    account = serializers.SlugRelatedField[Any](slug_field="slug", queryset=Account.objects.all(), required=False)
    user = serializers.SlugRelatedField[Any](slug_field="username", queryset=User.objects.all(), required=False)
    key = serializers.IntegerField(required=False, help_text="The id of an API key.")
    model = serializers.CharField(required=False)
    provider = serializers.CharField(required=False)
    deployment = serializers.CharField(required=False)
    policy = serializers.CharField(required=False)
    task_type = serializers.CharField(required=False)
    category = serializers.CharField(required=False)
    worker = serializers.CharField(required=False)
    task = serializers.CharField(required=False)
    session = serializers.CharField(required=False)
    tag = serializers.CharField(required=False)
    kind = serializers.CharField(required=False)
    basis = serializers.CharField(required=False)
    timezone = serializers.CharField(
        required=False, validators=[check_zone], help_text="Whose days they are, e.g. Europe/Berlin. Else the account's, or UTC."
    )  # fmt: skip
    traffic = Choice(
        choices=get_args(Traffic), default="both", help_text="What the sandbox made up stands apart always."
    )
    limit = WholeNumber(default=MAX_ROWS, min_value=1, max_value=MAX_ROWS, help_text="So many rows; the others as one.")
    offset = WholeNumber(default=0, min_value=0, max_value=1_000_000)
    compare = serializers.BooleanField(default=False, help_text="Whether as many days before are told beside.")
