"""The router's JSON in the REST API. Unknown fields are errors: a misspelt one must not be ignored in silence."""

import json
from collections.abc import Mapping
from decimal import Decimal
from operator import itemgetter
from typing import Any, ClassVar

from django.utils.functional import cached_property
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from autorouter.configuration.tunables.kinds import Number, PointsByPattern
from autorouter.configuration.tunables.shapes import COLUMNS
from autorouter.models import Policy, Preferences, Profile, ProfileScore, RouterConfiguration, Session, TaskType
from autorouter.types import CATEGORIES, COMPLEXITIES, NEEDS, PRIORITIES, READERS, Likely
from models_registry.catalogue.compiler import successors
from models_registry.succession import stand_ins
from routerhub import regions
from routerhub.audit.serializers import Reasoned, ReasonSerializer, Strict, valid
from routerhub.releases.types import MAX_LABEL_CHARS

MAX_TOKENS = 1_000_000_000
MAX_LIKELY = 1.05
"""Each of them may have been rounded."""
MAX_METADATA_BYTES = 16 * 1024
"""As JSON, as in the gateway."""


def _choice(allowed: tuple[str, ...], **options: Any) -> serializers.ChoiceField:
    message = f"'{{input}}' was given; allowed are {', '.join(allowed)}."
    return serializers.ChoiceField(allowed, error_messages={"invalid_choice": message}, **options)


class Count(serializers.IntegerField):
    """A whole number, and not a text, a truth value or a fraction."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class LikelyField(serializers.DictField):
    """Categories with how likely they are, which add up to 1 at most; hundredths count."""

    child = serializers.FloatField(min_value=0, max_value=1)

    def to_internal_value(self, data: Any) -> Any:
        found = super().to_internal_value(data)
        if unknown := [name for name in found if name not in CATEGORIES]:
            raise serializers.ValidationError(f"{unknown[0]!r} was given; allowed are {', '.join(CATEGORIES)}.")
        if (total := sum(found.values())) > MAX_LIKELY:
            raise serializers.ValidationError(f"They add up to {total:.2f}; allowed is 1 at most.")
        shares = sorted(found.items(), key=itemgetter(1), reverse=True)
        return tuple([(name, rounded) for name, share in shares if (rounded := Decimal(f"{share:.2f}"))])


class TaskSerializer(Strict):
    """A task whose category and complexity are known already."""

    category = _choice(CATEGORIES)
    complexity = _choice(COMPLEXITIES)
    input_tokens = Count(min_value=0, max_value=MAX_TOKENS, default=0)
    needs = serializers.ListField(child=_choice(NEEDS), default=list, max_length=len(NEEDS))
    likely = LikelyField(required=False, allow_null=True)
    confidence = serializers.FloatField(required=False, allow_null=True, help_text="As `likely` has it.")
    second = _choice(CATEGORIES, required=False, allow_null=True, help_text="As `likely` has it.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """What follows from `likely` may be said beside it, so that a task of an answer can be given as it is."""
        likely: Likely = attrs.pop("likely", None) or ()
        if likely and likely[0][0] != attrs["category"]:
            raise serializers.ValidationError(
                {"likely": f"{likely[0][0]} is the likeliest; allowed is the category, {attrs['category']}."}
            )
        follows = {
            "confidence": float(likely[0][1]) if likely else None,
            "second": likely[1][0] if likely[1:] else None,
        }
        for name, allowed in follows.items():
            if (given := attrs.pop(name, None)) is not None and given != allowed:
                said = "null, since likely is not given" if allowed is None else f"{allowed}, as likely has it, or null"
                raise serializers.ValidationError({name: f"{given} was given; allowed is {said}."})
        return {**attrs, "likely": likely}


class ReadingSerializer(serializers.Serializer[Any]):
    """What one reader made of a prompt."""

    by = _choice(READERS)
    category = _choice(CATEGORIES)
    complexity = _choice(COMPLEXITIES)
    confidence = serializers.FloatField(
        allow_null=True, help_text="0 to 1; null: the router model names a category only."
    )
    second = _choice(CATEGORIES, allow_null=True)
    likely = serializers.DictField(child=serializers.FloatField(), allow_null=True)
    took_us = serializers.IntegerField(help_text="Microseconds that it was waited for.")


class FoundTaskSerializer(serializers.Serializer[Any]):
    """What a request is about, and how sure that is."""

    category = _choice(CATEGORIES)
    complexity = _choice(COMPLEXITIES)
    confidence = serializers.FloatField(
        allow_null=True, help_text="How likely the category is, 0 to 1; null: nobody says."
    )
    second = _choice(CATEGORIES, allow_null=True, help_text="The next likely category.")
    likely = serializers.DictField(
        child=serializers.FloatField(),
        allow_null=True,
        help_text="Categories with their probabilities, the likeliest first.",
    )
    read_by = _choice(READERS, allow_null=True, help_text="Who found the category; null: it was given.")
    why = serializers.CharField(help_text="That in a sentence.")
    input_tokens = serializers.IntegerField()
    needs = serializers.ListField(child=_choice(NEEDS))
    long_context = serializers.BooleanField()
    origin = serializers.CharField(
        help_text='"given", "local", "encoder" or "model ID"; ", since ..." after a failure.'
    )
    readings = ReadingSerializer(many=True, required=False, help_text="What each reader said, where several did.")


class SelectedSerializer(serializers.Serializer[Any]):
    """The answer of POST /api/routing/select."""

    model = serializers.CharField(allow_null=True)
    provider = serializers.CharField(allow_null=True)
    score = serializers.FloatField(allow_null=True)
    task = FoundTaskSerializer()
    estimated_cost_usd = serializers.FloatField(allow_null=True)
    why = serializers.CharField()
    releases = serializers.DictField(child=serializers.IntegerField())
    candidates = serializers.ListField(child=serializers.DictField())
    excluded = serializers.ListField(child=serializers.DictField())
    id = serializers.UUIDField(required=False, help_text="Under which its outcome is told, where it is kept.")


class MessageSerializer(serializers.Serializer[Any]):
    """An OpenAI-style message: role and content; further fields are left alone."""

    role = _choice(("system", "developer", "user", "assistant", "tool", "function"))
    content = serializers.JSONField(required=False, allow_null=True)

    def validate_content(self, content: Any) -> Any:
        parts = isinstance(content, list) and all(isinstance(part, dict) for part in content)
        if content is not None and not isinstance(content, str) and not parts:
            raise serializers.ValidationError("Write a text or a list of parts (objects).")
        return content


class RegionsField(serializers.ListField):
    """One region, or a list of them."""

    def to_internal_value(self, data: Any) -> Any:
        found = super().to_internal_value([data] if isinstance(data, str) else data)
        if problem := regions.problem(found):
            raise serializers.ValidationError(problem)
        return found


class MetadataField(serializers.DictField):
    """An object of the caller's own, which is not looked into."""

    def to_internal_value(self, data: Any) -> Any:
        found = super().to_internal_value(data)
        text = json.dumps(found)
        if len(text.encode()) > MAX_METADATA_BYTES:
            raise serializers.ValidationError(
                f"{len(text):,} characters of JSON were given; allowed are {MAX_METADATA_BYTES:,} bytes."
            )
        if "\\u0000" in text:
            raise serializers.ValidationError("A text with a NUL in it was given; allowed is any other.")
        return found


class SelectSerializer(Strict):
    """POST /api/routing/select: either `messages` or `task`, and what is asked of the router."""

    messages = MessageSerializer(many=True, required=False, allow_empty=False)
    tools = serializers.ListField(child=serializers.DictField(), required=False)
    response_format = serializers.DictField(required=False)
    stream = serializers.BooleanField(default=False)
    task = TaskSerializer(required=False)
    task_type = serializers.CharField(required=False, max_length=64)
    previous_model = serializers.CharField(required=False, allow_null=True, max_length=128)
    candidates = serializers.ListField(
        child=serializers.CharField(max_length=128), required=False, allow_null=True, allow_empty=False, max_length=1000
    )
    policy = serializers.CharField(required=False, allow_null=True, max_length=64)
    priority = _choice(PRIORITIES, default=None)
    max_cost_usd = serializers.DecimalField(
        max_digits=18, decimal_places=9, min_value=0, required=False, allow_null=True
    )
    max_latency_ms = Count(min_value=1, max_value=3_600_000, required=False, allow_null=True)
    max_output_tokens = Count(min_value=1, max_value=MAX_TOKENS, required=False, allow_null=True)
    session = serializers.CharField(required=False, allow_null=True, max_length=200)
    task_id = serializers.CharField(required=False, max_length=200)
    worker = serializers.CharField(required=False, max_length=200)
    tags = serializers.ListField(child=serializers.CharField(max_length=64), required=False, max_length=20)
    region = RegionsField(child=serializers.CharField(), required=False)
    record = serializers.BooleanField(default=False, help_text="Keep it, and answer with the id for its outcome.")
    metadata = MetadataField(default=dict, help_text="Your own object, kept with it.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("messages" in attrs) == ("task" in attrs):
            raise serializers.ValidationError("Send either messages or task, not both and not neither.")
        return attrs


@extend_schema_field({"type": "object", "additionalProperties": {"type": "number"}})
class PointsField(serializers.JSONField):
    """Points by pattern; the column's validator says what is wrong with them."""


class RouterConfigurationSerializer(Reasoned, Strict, serializers.ModelSerializer[RouterConfiguration]):
    """A field for each column of the tunables; a number that is not allowed is refused in the words of its declaration."""

    label = serializers.CharField(  # type: ignore[assignment]  # a field of the row, not what the serializer is called
        write_only=True, required=False, max_length=MAX_LABEL_CHARS, help_text="What a draft is called."
    )

    class Meta:
        model = RouterConfiguration
        exclude = ["id"]

    def build_standard_field(self, field_name: str, model_field: Any) -> Any:
        made, options = super().build_standard_field(field_name, model_field)
        kind = COLUMNS[field_name].kind
        if isinstance(kind, Number):
            options["error_messages"] = dict.fromkeys(("invalid", "min_value", "max_value"), kind.allowed)
        return (PointsField if isinstance(kind, PointsByPattern) else made), options


class PlacedModelSerializer(Strict):
    """A model of a policy with its place: the lowest priority is tried first."""

    provider = serializers.CharField(max_length=64)
    model = serializers.CharField(max_length=128)
    priority = Count(min_value=1, max_value=1_000)


@extend_schema_field({"type": "array", "items": {"oneOf": [{"type": "string"}, {"type": "object"}]}})
class PolicyModelsField(serializers.ListField):
    """Model ids in their order, or {"provider", "model", "priority"} each; answered as ids."""

    child = serializers.CharField(max_length=128)

    def to_internal_value(self, data: Any) -> list[str]:
        if not isinstance(data, list) or not any(isinstance(each, dict) for each in data):
            return super().to_internal_value(data)
        placed: Any = valid(PlacedModelSerializer(data=data, many=True))
        return [f"{each['provider']}:{each['model']}" for each in sorted(placed, key=itemgetter("priority"))]


class PolicySerializer(Reasoned, Strict, serializers.ModelSerializer[Policy]):
    """A policy. Its limits may be written by the names that they have elsewhere, too."""

    models = PolicyModelsField(source="model_ids", allow_empty=False)
    stand_ins = serializers.SerializerMethodField(
        help_text="By each deprecated model of the policy, the one that answers in its place; empty where none does."
    )
    max_cost_per_task = serializers.DecimalField(
        source="max_cost_usd",
        max_digits=12,
        decimal_places=6,
        min_value=0,
        write_only=True,
        required=False,
        allow_null=True,
    )
    max_tokens = serializers.IntegerField(
        source="max_output_tokens", min_value=1, write_only=True, required=False, allow_null=True
    )

    class Meta:
        model = Policy
        fields = [
            "name", "version", "title", "models", "max_cost_usd", "max_output_tokens", "temperature", "hedge_after_ms",
            "orders_by_complexity", "is_active", "adjust_max_places", "adjust_min_requests", "adjust_margin", "stand_ins",
            "max_cost_per_task", "max_tokens", "reason",
        ]  # fmt: skip
        read_only_fields = ["version", "is_active"]
        extra_kwargs: ClassVar[dict[str, Any]] = {"title": {"required": False}}
        validators: ClassVar[list[Any]] = []  # a name that is there already is the next version's, not a mistake

    @cached_property
    def _successors(self) -> dict[str, str]:
        """Read once, however many policies are listed."""
        return successors(now().date())

    def get_stand_ins(self, row: Policy) -> dict[str, str]:
        return stand_ins(row.model_ids, self._successors)

    def to_internal_value(self, data: Any) -> Any:
        aliases = {
            name: field.source for name, field in self.fields.items() if field.write_only and field.source != name
        }
        if isinstance(data, Mapping) and (
            twice := {name: source for name, source in aliases.items() if {name, source} <= set(data)}
        ):
            raise serializers.ValidationError(
                {name: [f"It is {source} by another name: send one of them."] for name, source in twice.items()}
            )
        return super().to_internal_value(data)


class ScoreSerializer(serializers.ModelSerializer[ProfileScore]):
    class Meta:
        model = ProfileScore
        fields = ["dimension", "value", "source", "dated", "is_estimated"]


class ProfileSerializer(serializers.ModelSerializer[Profile]):
    scores = ScoreSerializer(many=True, read_only=True)

    class Meta:
        model = Profile
        fields = ["model", "scores"]


class TaskTypeSerializer(Reasoned, Strict, serializers.ModelSerializer[TaskType]):
    class Meta:
        model = TaskType
        fields = ["name", "policy", "reason"]


class PreferenceValuesSerializer(Strict, serializers.ModelSerializer[Preferences]):
    """What a set says."""

    class Meta:
        model = Preferences
        fields = [
            "priority", "max_cost_usd", "max_latency_ms", "preferred_providers", "blocked_providers", "rules",
            "daily_alert_usd",
        ]  # fmt: skip


class PreferencesSerializer(Reasoned, PreferenceValuesSerializer):
    account = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)

    class Meta(PreferenceValuesSerializer.Meta):
        fields = ["user", "account", "name", *PreferenceValuesSerializer.Meta.fields, "reason"]
        read_only_fields = ["user", "account"]
        validators: ClassVar[list[Any]] = []  # whose it is comes by the address: the model checks the name


class PreferenceSetSerializer(PreferencesSerializer):
    """A set among those of its owner, with the keys that pin it."""

    name = serializers.CharField(max_length=64)
    keys = serializers.SlugRelatedField[Any](slug_field="name", many=True, read_only=True)

    class Meta(PreferencesSerializer.Meta):
        fields = ["id", *PreferencesSerializer.Meta.fields, "is_active", "keys"]
        read_only_fields = ["user", "account", "is_active"]


class CopySerializer(ReasonSerializer):
    """What the copy of a set is called."""

    name = serializers.CharField(max_length=64)


class SessionSerializer(serializers.ModelSerializer[Session]):
    class Meta:
        model = Session
        exclude = ["id"]


class ScoresSerializer(ReasonSerializer):
    """Scores by model and dimension, each {"value", "source", "dated", "is_estimated"}."""

    profiles = serializers.DictField(child=serializers.DictField(child=serializers.DictField()), allow_empty=False)


class ActivateSerializer(ReasonSerializer):
    version = serializers.IntegerField(min_value=1)
