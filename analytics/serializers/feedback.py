"""Feedback in the REST API."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from analytics.models import Feedback
from analytics.records.rating import THUMBS
from routerhub.audit.serializers import Choice, Strict, WholeNumber

LOWEST, HIGHEST = 1, 5
SHARES: Mapping[str, Callable[[Any], Decimal]] = {
    "satisfaction": lambda share: share,
    "thumbs": THUMBS.__getitem__,
    "score": lambda score: Decimal(score - LOWEST) / (HIGHEST - LOWEST),
}
"""The ways of saying it, each as a share."""
WAYS = tuple(SHARES)


class FeedbackSerializer(Strict, serializers.ModelSerializer[Feedback]):
    """POST {"operation_id", "comment"} with one of `thumbs` ("up", "down"), `score` (1 to 5) and `satisfaction` (0 to 1), as
    which it is kept: up is 1, down is 0, n is (n - 1) / 4. The id is the answer's x-routerhub-operation-id, or a selection's."""

    operation_id = serializers.UUIDField()
    satisfaction = serializers.DecimalField(max_digits=4, decimal_places=3, min_value=0, max_value=1, required=False)
    thumbs = Choice(choices=list(THUMBS), write_only=True, required=False)
    score = WholeNumber(min_value=LOWEST, max_value=HIGHEST, write_only=True, required=False)

    class Meta:
        model = Feedback
        fields = ["operation_id", "satisfaction", "thumbs", "score", "comment", "given_as", "user_id", "reported_at"]
        read_only_fields = ["given_as", "user_id"]

    def to_internal_value(self, data: Any) -> Any:
        given = [way for way in WAYS if isinstance(data, Mapping) and way in data]
        told = f"{' and '.join(given)} were given" if given else "None was given"
        named = [] if len(given) == 1 else given or WAYS[:1]
        wrong = {way: [f"{told}: send one of {', '.join(WAYS)}."] for way in named}
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as problem:
            detail: Any = problem.detail
            raise serializers.ValidationError({**wrong, **detail}) from problem
        if wrong:
            raise serializers.ValidationError(wrong)
        said = values.pop(given[0])
        return {**values, "satisfaction": SHARES[given[0]](said), "given_as": given[0]}
