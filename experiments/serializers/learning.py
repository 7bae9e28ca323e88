"""What was learned, as JSON in the REST API."""

from typing import Any

from rest_framework import serializers

from experiments.models import LearningRound, Proposal


class ProposalSerializer(serializers.ModelSerializer[Proposal]):
    decided_by = serializers.StringRelatedField[Any]()

    class Meta:
        model = Proposal
        fields = [
            "id", "kind", "subject", "detail", "before", "after", "evidence", "summary", "state", "decided_by", "decided_at",
            "reason", "release",
        ]  # fmt: skip


class LearningRoundSerializer(serializers.ModelSerializer[LearningRound]):
    class Meta:
        model = LearningRound
        fields = ["id", "began_at", "since", "records", "feedback", "proposals", "verdict"]
