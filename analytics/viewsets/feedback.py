"""Feedback in the REST API."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.models import Feedback, Record
from analytics.records.rating import rate
from analytics.serializers.feedback import FeedbackSerializer
from budgets.people.authentication import caller_of
from budgets.people.ownership import OwnedQuerySet
from routerhub.audit.permissions import TablePermissions

OPERATION = "7f3f8a52-8d6e-4a19-9f43-5a0c8a0f3d11"
EXAMPLES = [
    OpenApiExample("Thumbs", value={"operation_id": OPERATION, "thumbs": "up"}, request_only=True),
    OpenApiExample(
        "Score", value={"operation_id": OPERATION, "score": 4, "comment": "A little long."}, request_only=True
    ),
    OpenApiExample("Share", value={"operation_id": OPERATION, "satisfaction": "0.75"}, request_only=True),
]


class FeedbackViewSet(mixins.CreateModelMixin, mixins.ListModelMixin, viewsets.GenericViewSet[Feedback]):
    """How satisfied somebody was with an answer, or with what came of a selection, of the account. Reporting again corrects what
    was said."""

    queryset = Feedback.objects.all()
    serializer_class = FeedbackSerializer
    permission_classes = [TablePermissions]
    own_rows = True
    by_account = True

    def get_queryset(self) -> OwnedQuerySet[Feedback]:
        return Feedback.objects.for_caller(self.request.user)

    @extend_schema(examples=EXAMPLES)
    def create(self, request: Request, *args: Any, **options: Any) -> Response:
        """Say how an answer was, or correct what was said of it."""
        return super().create(request, *args, **options)

    def perform_create(self, serializer: Any) -> None:
        values = dict(serializer.validated_data)
        operation = values.pop("operation_id")
        among = Record.objects.for_caller(self.request.user)
        serializer.instance = rate(operation, among, self._user_id(), **values)

    def _user_id(self) -> int | None:
        caller = caller_of(self.request)
        return caller.user_id if caller else self.request.user.pk
