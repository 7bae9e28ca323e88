"""The catalogue's JSON in the REST API."""

from typing import Any

from rest_framework import serializers

from models_registry.fields import RateField
from models_registry.models import Deployment, Model, Price, Provider, Release

RATES = ["input", "output", "cache_read", "cache_write", "audio_input", "audio_output"]


class ExactRate(serializers.DecimalField):
    """Every digit of a rate, as text."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=None, decimal_places=None, **kwargs)


class PriceSerializer(serializers.ModelSerializer[Price]):
    """USD per 1M tokens, in force from a moment on."""

    serializer_field_mapping = {**serializers.ModelSerializer.serializer_field_mapping, RateField: ExactRate}

    class Meta:
        model = Price
        fields = ["effective_from", *RATES, "tiers", "source", "dated"]


class DeploymentSerializer(serializers.ModelSerializer[Deployment]):
    provider = serializers.CharField(source="provider_id")
    prices = PriceSerializer(many=True)

    class Meta:
        model = Deployment
        fields = ["provider", "upstream_model", "position", "status", "prices"]


class ModelSerializer(serializers.ModelSerializer[Model]):
    id = serializers.CharField(source="identifier")
    provider = serializers.CharField(source="provider_id")
    successor = serializers.SlugRelatedField[Any](slug_field="identifier", read_only=True)
    deployments = DeploymentSerializer(many=True)

    class Meta:
        model = Model
        fields = [
            "id", "provider", "name", "description", "user_description", "best_for", "context_window", "max_output",
            "capabilities", "supports_reasoning", "knowledge_cutoff", "benchmarks", "speed_tier", "is_pro",
            "is_experimental", "is_available", "deprecated_from", "successor", "source", "deployments",
        ]  # fmt: skip


class ProviderSerializer(serializers.ModelSerializer[Provider]):
    class Meta:
        model = Provider
        fields = ["name", "title", "protocol", "base_url", "is_local", "is_zero_retention"]


class ReleaseSerializer(serializers.ModelSerializer[Release]):
    author = serializers.StringRelatedField[Any]()

    class Meta:
        model = Release
        fields = ["line", "number", "digest", "author", "reason", "created_at"]
