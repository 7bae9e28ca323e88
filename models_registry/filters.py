"""Filters over the catalogue."""

from datetime import UTC, datetime
from typing import ClassVar

import django_filters
from django.db.models import OuterRef, Q, QuerySet, Subquery

from models_registry.choices import CapabilityChoice
from models_registry.models import Model, Price

SEARCHED = ("identifier", "name", "aliases", "best_for", "description", "user_description")


def search(models: QuerySet[Model], text: str) -> QuerySet[Model]:
    """Models that have every word somewhere in id, name, aliases, best-for or description."""
    for word in text.split():
        found = Q()
        for field in SEARCHED:
            found |= Q(**{f"{field}__icontains": word})
        models = models.filter(found)
    return models


def with_price(models: QuerySet[Model]) -> QuerySet[Model]:
    """Adds `input_price` and `output_price`: what the first deployment costs now, USD per 1M tokens."""
    prices = Price.objects.filter(
        deployment__model=OuterRef("pk"), waits_because="", effective_from__lte=datetime.now(UTC)
    ).order_by("deployment__position", "-effective_from")
    return models.annotate(
        input_price=Subquery(prices.values("input")[:1]), output_price=Subquery(prices.values("output")[:1])
    )


class PriceFilter(django_filters.FilterSet):  # type: ignore[misc]
    """?model=openai:gpt-5&waiting=true"""

    model = django_filters.CharFilter(field_name="deployment__model__identifier")
    waiting = django_filters.BooleanFilter(method="filter_waiting", label="waits for approval")

    class Meta:
        model = Price
        fields: ClassVar[list[str]] = []

    def filter_waiting(self, prices: QuerySet[Price], _name: str, wanted: bool) -> QuerySet[Price]:
        return prices.exclude(waits_because="") if wanted else prices.filter(waits_because="")


class ModelFilter(django_filters.FilterSet):  # type: ignore[misc]
    """?provider=openai&capability=vision&search=gpt fast&is_deprecated=false&ordering=-context_window"""

    capability = django_filters.ChoiceFilter(
        field_name="capabilities", lookup_expr="contains", choices=CapabilityChoice.choices
    )
    search = django_filters.CharFilter(
        method="filter_search", label="words in id, name, aliases, best-for or description"
    )
    is_deprecated = django_filters.BooleanFilter(method="filter_deprecated", label="deprecated by today")
    min_context = django_filters.NumberFilter(field_name="context_window", lookup_expr="gte")
    max_input_price = django_filters.NumberFilter(field_name="input_price", lookup_expr="lte")
    ordering = django_filters.OrderingFilter(
        fields={
            "identifier": "id",
            "name": "name",
            "context_window": "context_window",
            "input_price": "input_price",
            "output_price": "output_price",
        }
    )

    class Meta:
        model = Model
        fields = ["provider", "kind", "speed_tier", "supports_reasoning", "is_available", "is_pro", "is_experimental"]

    def filter_search(self, models: QuerySet[Model], _name: str, text: str) -> QuerySet[Model]:
        return search(models, text)

    def filter_deprecated(self, models: QuerySet[Model], _name: str, wanted: bool) -> QuerySet[Model]:
        deprecated = Q(deprecated_from__lte=datetime.now(UTC).date())
        return models.filter(deprecated if wanted else ~deprecated | Q(deprecated_from=None))
