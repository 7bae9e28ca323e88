"""The catalogue's JSON in the REST API."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from rest_framework import serializers

from models_registry import provider_keys
from models_registry.catalogue.compiler import RATES
from models_registry.choices import DeploymentStatus, ModelKind, SpeedTier
from models_registry.circuits import rows as circuits
from models_registry.fields import RateField
from models_registry.models import Circuit, Deployment, Import, Model, Price, Provider, ProviderKey
from models_registry.prices import lists
from routerhub.audit.serializers import Reasoned, ReasonSerializer, Strict


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


class PriceRowSerializer(PriceSerializer):
    """A price row with where it belongs, and why it waits where it does."""

    model = serializers.CharField(source="deployment.model.identifier", read_only=True)
    provider = serializers.CharField(source="deployment.provider_id", read_only=True)
    upstream_model = serializers.CharField(source="deployment.upstream_model", read_only=True)

    class Meta(PriceSerializer.Meta):
        fields = ["id", "model", "provider", "upstream_model", *PriceSerializer.Meta.fields, "waits_because"]


class NewPriceSerializer(Reasoned, PriceSerializer):
    """A price to add to one deployment of a model."""

    model = serializers.SlugRelatedField[Any](slug_field="identifier", queryset=Model.objects.all(), write_only=True)
    provider = serializers.CharField(write_only=True)
    upstream_model = serializers.CharField(
        write_only=True, required=False, help_text="Needed where the provider serves the model under several names."
    )

    class Meta(PriceSerializer.Meta):
        fields = ["model", "provider", "upstream_model", *PriceSerializer.Meta.fields, "reason"]

    def validate(self, attrs: Any) -> Any:
        deployments = attrs["model"].deployments.filter(provider=attrs["provider"])
        if "upstream_model" in attrs:
            deployments = deployments.filter(upstream_model=attrs["upstream_model"])
        if len(found := list(deployments)) != 1:
            there = ", ".join(f"{each.provider_id}/{each.upstream_model}" for each in attrs["model"].deployments.all())
            raise serializers.ValidationError({"provider": f"names {len(found)} deployments. There are: {there}."})
        attrs["deployment"] = found[0]
        return super().validate(attrs)


class DeploymentSerializer(serializers.ModelSerializer[Deployment]):
    provider = serializers.CharField(source="provider_id")
    prices = PriceSerializer(many=True)
    probe = serializers.SerializerMethodField()
    circuit = serializers.SerializerMethodField(help_text="Why it is not called at the moment. Null: it is.")

    class Meta:
        model = Deployment
        fields = ["provider", "upstream_model", "position", "status", "regions", "probe", "circuit", "prices"]

    def get_probe(self, row: Deployment) -> dict[str, Any] | None:
        found = getattr(row, "probe", None)
        return found and {"status": found.status, "detail": found.detail, "checked_at": found.checked_at}

    def get_circuit(self, row: Deployment) -> str | None:
        return circuits.told(row)


class ModelSerializer(serializers.ModelSerializer[Model]):
    id = serializers.CharField(source="identifier")
    provider = serializers.CharField(source="provider_id")
    successor = serializers.SlugRelatedField[Any](slug_field="identifier", read_only=True)
    deployments = DeploymentSerializer(many=True)

    class Meta:
        model = Model
        fields = [
            "id", "provider", "kind", "name", "aliases", "description", "user_description", "best_for",
            "context_window", "max_output", "capabilities", "supports_reasoning", "knowledge_cutoff", "benchmarks",
            "speed_tier", "is_pro", "is_internal_only", "is_experimental", "is_available", "deprecated_from",
            "successor", "source", "deployments",
        ]  # fmt: skip


class BundlePriceSerializer(Strict):
    """A price as releases spell it."""

    effective_from = serializers.DateTimeField()
    rates = serializers.DictField(child=ExactRate(allow_null=True))
    tiers = serializers.ListField(child=serializers.DictField(), required=False)
    source = serializers.CharField(max_length=255)  # type: ignore[assignment]  # shadows what a field has
    dated = serializers.DateField()


class BundleDeploymentSerializer(Strict):
    provider = serializers.CharField()
    upstream_model = serializers.CharField(max_length=160)
    status = serializers.ChoiceField(choices=DeploymentStatus.choices, default=DeploymentStatus.AVAILABLE.value)
    regions = serializers.ListField(required=False, child=serializers.CharField())
    prices = BundlePriceSerializer(many=True, required=False)


class ModelChangeSerializer(ReasonSerializer):
    """The fields of a model that may be written. `deployments`, where given, are all that it then has, in order."""

    name = serializers.CharField(required=False, max_length=128)
    description = serializers.CharField(required=False, allow_blank=True)
    user_description = serializers.CharField(required=False, allow_blank=True)
    best_for = serializers.CharField(required=False, allow_blank=True, max_length=255)
    context_window = serializers.IntegerField(required=False, min_value=1)
    max_output = serializers.IntegerField(required=False, min_value=1)
    capabilities = serializers.ListField(required=False, child=serializers.CharField())
    supports_reasoning = serializers.BooleanField(required=False)
    knowledge_cutoff = serializers.CharField(required=False, allow_blank=True)
    benchmarks = serializers.DictField(required=False)
    speed_tier = serializers.ChoiceField(required=False, choices=SpeedTier.choices)
    is_pro = serializers.BooleanField(required=False)
    is_internal_only = serializers.BooleanField(required=False)
    is_experimental = serializers.BooleanField(required=False)
    is_available = serializers.BooleanField(required=False)
    deprecated_from = serializers.DateField(required=False, allow_null=True)
    successor = serializers.CharField(required=False, allow_blank=True)
    source = serializers.CharField(required=False, allow_blank=True, max_length=255)  # type: ignore[assignment]
    kind = serializers.ChoiceField(required=False, choices=ModelKind.choices)
    aliases = serializers.ListField(required=False, child=serializers.CharField(max_length=128))
    deployments = BundleDeploymentSerializer(required=False, many=True)

    def facts(self) -> dict[str, Any]:
        """The validated values as a bundle spells them."""
        given = {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in self.validated_data.items()
            if name not in {"reason", "deployments"}
        }
        if "deployments" in self.validated_data:
            given["deployments"] = [_bundle_place(each) for each in self.validated_data["deployments"]]
        return given


def _bundle_place(place: Mapping[str, Any]) -> dict[str, Any]:
    prices = [
        {
            "effective_from": price["effective_from"].isoformat(),
            "rates": {name: str(value) for name, value in price["rates"].items() if value is not None},
            "tiers": price.get("tiers", []),
            "source": price["source"],
            "dated": price["dated"].isoformat(),
        }
        for price in place.get("prices", ())
    ]
    return {**place, "prices": prices}


class NewModelSerializer(ModelChangeSerializer):
    id = serializers.CharField(max_length=128)

    def facts(self) -> dict[str, Any]:
        return {name: value for name, value in super().facts().items() if name != "id"}


class DuplicateSerializer(ReasonSerializer):
    id = serializers.CharField(max_length=128, help_text="The copy's id, provider:name.")


class DeprecateSerializer(ReasonSerializer):
    deprecated_from = serializers.DateField()
    successor = serializers.CharField(required=False, allow_blank=True, default="")


class ProviderSerializer(serializers.ModelSerializer[Provider]):
    class Meta:
        model = Provider
        fields = ["name", "title", "protocol", "base_url", "output_limit_field", "is_local", "is_zero_retention"]


class ProviderChangeSerializer(Reasoned, Strict, serializers.ModelSerializer[Provider]):
    class Meta:
        model = Provider
        fields = [
            "name", "title", "protocol", "base_url", "credential_env", "output_limit_field", "is_local", "is_zero_retention",
            "reason",
        ]  # fmt: skip


class ProviderKeySerializer(serializers.ModelSerializer[ProviderKey]):
    """Without the secret, which is never shown."""

    provider = serializers.CharField(source="provider_id")
    circuit = serializers.SerializerMethodField(help_text="Since when and why it is not used. Null: it is.")

    class Meta:
        model = ProviderKey
        fields = ["id", "provider", "label", "position", "is_enabled", "origin", "rotated_at", "circuit"]

    def get_circuit(self, row: ProviderKey) -> str | None:
        return circuits.told(row)


class ProviderKeyChangeSerializer(Reasoned, Strict, serializers.ModelSerializer[ProviderKey]):
    """What may be changed of a key. A new secret takes the place of the old one at once."""

    secret = serializers.CharField(write_only=True, required=False, max_length=provider_keys.MAX_SECRET)

    class Meta:
        model = ProviderKey
        fields = ["secret", "position", "is_enabled", "reason"]


class NewProviderKeySerializer(ProviderKeyChangeSerializer):
    secret = serializers.CharField(write_only=True, max_length=provider_keys.MAX_SECRET)
    provider = serializers.SlugRelatedField[Any](slug_field="name", queryset=Provider.objects.all())

    class Meta(ProviderKeyChangeSerializer.Meta):
        fields = ["provider", "label", *ProviderKeyChangeSerializer.Meta.fields]


class PriceListQuery(serializers.Serializer[Any]):
    """Which price list: the installed one, or the newest from the network."""

    source = serializers.CharField(default=lists.SOURCES[0])  # type: ignore[assignment]  # shadows what a field has
    online = serializers.BooleanField(default=False)


class SyncSerializer(ReasonSerializer, PriceListQuery):
    """Which changes of a price list to apply, by the keys that the comparison gave."""

    keys = serializers.ListField(child=serializers.CharField(), allow_empty=False)


class CircuitSerializer(serializers.ModelSerializer[Circuit]):
    """`until` null: until the key is changed or somebody closes it."""

    class Meta:
        model = Circuit
        fields = ["id", "subject", "since", "until", "reason", "times", "is_limit"]


class ImportSerializer(serializers.ModelSerializer[Import]):
    author = serializers.StringRelatedField[Any]()

    class Meta:
        model = Import
        fields = [
            "id", "table", "format", "file_name", "state", "done", "total", "outcome", "author", "reason", "created_at",
        ]  # fmt: skip
