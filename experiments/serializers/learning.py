"""What was learned, as JSON in the REST API."""

from typing import Any

from rest_framework import serializers

from experiments.learning.success.reading import FORMATS, MAX_SOURCE_CHARS
from experiments.models import ImportedOutcome, LearningRound, Proposal
from routerhub.audit.serializers import Reasoned, Strict


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


class ImportedOutcomeSerializer(serializers.ModelSerializer[ImportedOutcome]):
    class Meta:
        model = ImportedOutcome
        fields = [
            "id",
            "question",
            "model",
            "category",
            "complexity",
            "terms",
            "score",
            "source",
            "happened_at",
            "imported_at",
        ]


class OutcomeFileSerializer(Reasoned, Strict):
    """A file of outcomes, sent as multipart/form-data."""

    file = serializers.FileField()
    format = serializers.ChoiceField(choices=FORMATS, required=False)
    dry_run = serializers.BooleanField(default=False)

    def get_fields(self) -> Any:
        """`source` is a word of serializers' own."""
        source = serializers.CharField(required=False, max_length=MAX_SOURCE_CHARS, help_text="Of lines that name none")
        return {**super().get_fields(), "source": source}


class RoundSerializer(Strict):
    of = serializers.ChoiceField(choices=["traffic", "success"], default="traffic", help_text="What to learn of")
