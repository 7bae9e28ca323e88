"""Limits as JSON: names and dollars, and where each stands."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from budgets.forecasting.forecasts import beside, forecasts_of
from budgets.forecasting.types import Forecast
from budgets.limits.names import names_of
from budgets.limits.standing import standings
from budgets.models import Account, Limit
from budgets.money import usd
from routerhub.audit.serializers import Choice, Reasoned, Strict


def context_of(limits: Sequence[Limit]) -> dict[str, Any]:
    """What LimitSerializer is to know of the limits that it shows, by a query each."""
    return {
        "standings": standings([row.pk for row in limits], timezone.now()),
        "names": names_of(limits),
        "forecasts": forecasts_of(limits),
    }


class LimitSerializer(serializers.ModelSerializer[Limit]):
    """To be given `context_of` the limits shown."""

    scope = Choice(source="kind", choices=Limit._meta.get_field("kind").choices or ())
    subject = serializers.CharField(
        max_length=200, allow_blank=True, default="",
        help_text="An account's slug, a user's name, a key's prefix or name, any other name; * for each; empty for site.",
    )  # fmt: skip
    account = serializers.SlugRelatedField[Any](
        slug_field="slug", queryset=Account.objects.all(), allow_null=True, required=False,
        help_text="Whose limit it is: it counts this account's requests alone, in its time zone. Null: the site's, in UTC.",
    )  # fmt: skip
    serializer_choice_field = Choice
    timezone = serializers.CharField(source="zone", read_only=True)
    amount = serializers.DecimalField(
        max_digits=19, decimal_places=9, min_value=Decimal(0), help_text="US dollars for money, else a whole number."
    )

    class Meta:
        model = Limit
        fields = [
            "id", "scope", "subject", "account", "measure", "period", "every_days", "starts_on", "ends_on", "timezone", "amount",
            "mode", "soft_percent", "max_tier", "counts_earlier", "is_given", "is_active",
        ]  # fmt: skip
        validators: list[Any] = []

    def to_representation(self, instance: Limit) -> dict[str, Any]:
        stands, money = self.context["standings"][instance.pk], instance.measure == "money"
        instance.amount, amount = 0, instance.amount
        shown = super().to_representation(instance)
        instance.amount = amount
        figures = {"amount": amount, "spent": stands.spent, "reserved": stands.reserved, "left": stands.left}
        return {
            **shown,
            "subject": self.context["names"][instance.pk],
            **{name: usd(figure) if money else figure for name, figure in figures.items()},
            "fullest": stands.fullest,
            "state": stands.state,
            "resets_at": stands.resets_at,
            "forecast": _outlook(beside(stands, self.context["forecasts"].get(instance.pk)), money),
        }


def _outlook(forecast: Forecast | None, money: bool) -> dict[str, Any] | None:
    """As the last refresh saw it, and never less than is spent; null where none was made."""
    if forecast is None:
        return None
    figures = {name: getattr(forecast, name) for name in ("expected", "low", "high")}
    return {
        **{name: usd(each) if money and each is not None else each for name, each in figures.items()},
        "passes_at": forecast.passes_at, "made_at": forecast.made_at,
    }  # fmt: skip


class NewLimitSerializer(Reasoned, Strict, LimitSerializer):
    class Meta(LimitSerializer.Meta):
        fields = [*LimitSerializer.Meta.fields, "reason"]


class LimitChangeSerializer(NewLimitSerializer):
    """What it is of stays as it is: another scope is another limit."""

    class Meta(NewLimitSerializer.Meta):
        fields = [name for name in NewLimitSerializer.Meta.fields if name not in {"scope", "subject", "account"}]
