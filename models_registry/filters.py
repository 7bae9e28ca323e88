"""Filters over the catalogue."""

import django_filters

from models_registry.choices import CapabilityChoice
from models_registry.models import Model


class ModelFilter(django_filters.FilterSet):  # type: ignore[misc]
    """?provider=openai&capability=vision&search=gpt&is_available=true"""

    capability = django_filters.ChoiceFilter(
        field_name="capabilities", lookup_expr="contains", choices=CapabilityChoice.choices
    )
    search = django_filters.CharFilter(field_name="identifier", lookup_expr="icontains")

    class Meta:
        model = Model
        fields = ["provider", "speed_tier", "supports_reasoning", "is_available", "is_pro", "is_experimental"]
