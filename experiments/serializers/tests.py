"""Tests of variants, as JSON in the REST API."""

from typing import Any

from django.contrib.auth.models import User
from rest_framework import serializers

from experiments.ab.planning import Asked, Plan
from experiments.choices import Declared, Measure, Unit
from experiments.models import Experiment, ExperimentPhase
from routerhub.audit.serializers import Choice, Numeric, Reasoned, Strict

ACCOUNT: Any = Experiment._meta.get_field("account").related_model
WHOSE = ["account", "user"]
DRAFT = [
    "name", "question", "unit", "a", "b", "share_b", "exposure", "main", "guardrails", "budget_usd", "planned_days",
    "allocation", "floor", "tuned_for",
]  # fmt: skip


class Account(serializers.SlugRelatedField[Any]):
    def __init__(self, **options: Any) -> None:
        super().__init__(slug_field="slug", **({"queryset": ACCOUNT.objects.all()} | options))


class Person(serializers.SlugRelatedField[Any]):
    def __init__(self, **options: Any) -> None:
        super().__init__(slug_field="username", **({"queryset": User.objects.all()} | options))


class PhaseSerializer(serializers.ModelSerializer[ExperimentPhase]):
    class Meta:
        model = ExperimentPhase
        fields = ["number", "share_b", "exposure", "main", "guardrails", "allocation", "began_at", "ended_at", "reason"]


class ExperimentSerializer(serializers.ModelSerializer[Experiment]):
    serializer_choice_field = Choice
    account = Account(allow_null=True, required=False, help_text="Whose requests. Null: everybody's.")
    user = Person(allow_null=True, required=False, help_text="Whose requests alone.")
    a = serializers.JSONField(help_text='As {"kind": "model", "value": "openai:gpt-5"}.')
    b = serializers.JSONField(help_text='As {"kind": "model", "value": "openai:gpt-5"}.')
    guardrails = serializers.JSONField(required=False, help_text='As [{"measure": "success", "margin": 0.02}].')
    planned_end = serializers.DateTimeField(read_only=True)

    class Meta:
        model = Experiment
        fields = [
            "id", *WHOSE, *DRAFT, "state", "phase", "started_at", "planned_end", "ended_at", "declared", "reason", "stopped_by",
            "applied",
        ]  # fmt: skip
        validators: list[Any] = []


class FoundSerializer(ExperimentSerializer):
    """One test with its phases, and what the newest look found in the one that runs."""

    phases = PhaseSerializer(many=True)
    findings = serializers.SerializerMethodField()

    class Meta(ExperimentSerializer.Meta):
        fields = [*ExperimentSerializer.Meta.fields, "phases", "findings"]

    def get_findings(self, test: Experiment) -> dict[str, Any] | None:
        look = test.looks.order_by("-at").first()
        return {"phase": look.phase, **look.findings} if look else None


class NewExperimentSerializer(Reasoned, Strict, ExperimentSerializer):
    class Meta(ExperimentSerializer.Meta):
        fields = [*WHOSE, *DRAFT, "reason"]


class ExperimentChangeSerializer(NewExperimentSerializer):
    """Whose it is stays as it is."""

    class Meta(ExperimentSerializer.Meta):
        fields = [*DRAFT, "reason"]


class DeclareSerializer(Reasoned, Strict):
    declared = Choice(choices=Declared.choices)
    as_default = serializers.BooleanField(
        default=True, help_text="Whether the winner becomes the default of those whom the test is about."
    )


class PlanQuery(Numeric):
    """What the sample-size calculator is asked."""

    account = Account(required=False, allow_null=True, default=None)
    user = Person(required=False, allow_null=True, default=None)
    unit = Choice(choices=Unit.choices, default="user")
    measure = Choice(choices=Measure.choices, default="cost")
    effect = serializers.FloatField(
        default=0.1, min_value=0.0001, max_value=10,
        help_text="To be shown: a share of what it is (0.1: ten percent), for success, fallback and satisfaction points.",
    )  # fmt: skip
    share_b = serializers.IntegerField(default=50, min_value=1, max_value=99)
    exposure = serializers.IntegerField(default=100, min_value=1, max_value=100)

    def asked(self) -> Asked:
        given = self.validated_data
        return Asked(
            account_id=given["account"] and given["account"].pk, user_id=given["user"] and given["user"].pk,
            unit=given["unit"], measure=given["measure"], effect=given["effect"], share_b=given["share_b"] / 100,
            exposure=given["exposure"] / 100,
        )  # fmt: skip


def plan_json(asked: Asked, plan: Plan) -> dict[str, Any]:
    """Null where too little was asked in the last two weeks to tell."""
    needed = plan.needed
    return {
        "measure": asked.measure, "effect": asked.effect, "unit": asked.unit,
        "units_a_day": round(plan.units_a_day, 1),
        "units_watched": needed and needed.watched, "units_fixed": needed and needed.fixed, "requests": round(plan.pilot.w),
        "days": None if plan.days is None else round(plan.days, 1),
        "tuned_for": needed and max(10, round(needed.tuned_for)),
    }  # fmt: skip
