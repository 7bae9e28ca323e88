"""Rollouts by steps, as JSON in the REST API."""

from dataclasses import asdict

from rest_framework import serializers

from experiments.models import GradualRollout, RolloutStep
from experiments.rollouts import stepping
from experiments.rollouts.schedule import DEFAULT, Plan
from routerhub.audit.serializers import ReasonSerializer, Strict


class StepSerializer(Strict):
    """A share of the users, and what it needs before the next one. The last, of 100 %, needs nothing."""

    percent = serializers.IntegerField()
    minutes = serializers.IntegerField(default=0)
    units = serializers.IntegerField(default=1, help_text="So many users at least")
    requests = serializers.IntegerField(default=1, help_text="So many requests of theirs at least")


class GuardrailSerializer(Strict):
    """What rolls it back by itself. Which measures there are, and how far a margin goes, is up to experiments.ab.checking."""

    measure = serializers.CharField()
    margin = serializers.FloatField(
        help_text="A share of what is stable, or points as a share for success and fallback"
    )


class StartSerializer(ReasonSerializer):
    """A release to be rolled out by steps. Whether that can be is up to experiments.rollouts.stepping."""

    line = serializers.CharField()
    release = serializers.IntegerField(min_value=0)
    steps = StepSerializer(many=True, default=lambda: [asdict(each) for each in DEFAULT.steps])
    guardrails = GuardrailSerializer(many=True, default=lambda: [asdict(each) for each in DEFAULT.guardrails])

    def plan(self) -> Plan:
        """Raises RolloutRefused."""
        return stepping.plan_of(self.validated_data["steps"], self.validated_data["guardrails"])


class FoundStepSerializer(serializers.ModelSerializer[RolloutStep]):
    class Meta:
        model = RolloutStep
        fields = [
            "percent", "minutes", "units", "requests", "began_at", "ended_at", "looked_at", "is_waiting", "said", "findings",
        ]  # fmt: skip


class GradualRolloutSerializer(serializers.ModelSerializer[GradualRollout]):
    state = serializers.SerializerMethodField()
    steps = FoundStepSerializer(many=True)

    class Meta:
        model = GradualRollout
        fields = [
            "id", "line", "release", "stable", "state", "step", "said", "reason", "author", "started_at", "ended_at",
            "guardrails", "steps",
        ]  # fmt: skip

    def get_state(self, gradual: GradualRollout) -> str:
        """running, waiting (for more than time), paused, done, rolled_back or stopped"""
        return stepping.state_of(gradual)
