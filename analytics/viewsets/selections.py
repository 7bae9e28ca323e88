"""Selections that are kept, in the REST API."""

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.models import Selection
from analytics.selections import keeping
from analytics.selections.errors import AlreadyCompleted, SelectionError
from analytics.serializers.selections import OutcomeSerializer, SelectionSerializer
from budgets.people.ownership import OwnedQuerySet
from routerhub.audit.permissions import TablePermissions

EXAMPLES = [
    OpenApiExample(
        "It answered",
        value={"success": True, "latency_ms": 2300, "ttft_ms": 410, "input_tokens": 1200, "output_tokens": 380},
        request_only=True,
    ),
    OpenApiExample(
        "It failed", value={"success": False, "error": "overloaded", "latency_ms": 900}, request_only=True
    ),
]  # fmt: skip


class OtherOutcome(APIException):
    status_code = 409


class SelectionFilter(django_filters.FilterSet):  # type: ignore[misc]
    """?is_completed=false&model=openai:gpt-5"""

    is_completed = django_filters.BooleanFilter(method="of_completed")

    class Meta:
        model = Selection
        fields: ClassVar = ["model", "provider", "policy", "category", "session", "task_id", "worker"]

    def of_completed(self, rows: QuerySet[Selection], _: str, completed: bool) -> QuerySet[Selection]:
        return rows.filter(completed_at__isnull=not completed)


class SelectionViewSet(viewsets.ReadOnlyModelViewSet[Selection]):
    """What was selected with `"record": true`. Its outcome is told once, and counts like a request that was called from here."""

    queryset = Selection.objects.all()
    serializer_class = SelectionSerializer
    permission_classes = [TablePermissions]
    filterset_class = SelectionFilter
    own_rows = True
    by_account = True

    def get_queryset(self) -> OwnedQuerySet[Selection]:
        return Selection.objects.for_caller(self.request.user)

    @extend_schema(
        request=OutcomeSerializer, responses={200: SelectionSerializer, 201: SelectionSerializer}, examples=EXAMPLES
    )
    @action(detail=True, methods=["post"])
    def outcome(self, request: Request, pk: Any = None) -> Response:
        """Complete it. The same outcome told again is answered alike; another one is refused with 409."""
        asked = OutcomeSerializer(data=request.data)
        selection = self.get_object()
        asked.is_valid(raise_exception=True)
        try:
            row, is_new = keeping.complete(selection.pk, asked.value)
        except AlreadyCompleted as refusal:
            raise OtherOutcome(str(refusal)) from refusal
        except SelectionError as refusal:
            raise ValidationError({refusal.field: str(refusal)}) from refusal
        return Response(SelectionSerializer(row).data, 201 if is_new else 200)
