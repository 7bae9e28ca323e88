"""Records in the REST API."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import mixins, viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated

from analytics.models import Feedback, Record
from analytics.serializers import FeedbackSerializer, RecordSerializer
from budgets.types import Caller
from routerhub.audit.permissions import ReadsAndStaffChanges


class FeedbackViewSet(mixins.CreateModelMixin, mixins.ListModelMixin, viewsets.GenericViewSet[Feedback]):
    """How satisfied somebody was with an answer of the account. Reporting again corrects what was said."""

    queryset = Feedback.objects.all()
    serializer_class = FeedbackSerializer
    permission_classes = [IsAuthenticated]

    def get_queryset(self) -> QuerySet[Feedback]:
        caller = self.request.auth
        if isinstance(caller, Caller):
            return super().get_queryset().filter(account_id=caller.account_id)
        return super().get_queryset() if self.request.user.is_staff else Feedback.objects.none()

    def perform_create(self, serializer: Any) -> None:
        values = dict(serializer.validated_data)
        operation = values.pop("operation_id")
        records = Record.objects.filter(operation_id=operation)
        caller = self.request.auth
        if isinstance(caller, Caller):
            records = records.filter(account_id=caller.account_id)
        record = records.first() if isinstance(caller, Caller) or self.request.user.is_staff else None
        if record is None:
            raise ValidationError({"operation_id": f"There is no request {operation} of yours."})
        serializer.instance, _ = Feedback.objects.update_or_create(
            operation_id=operation, defaults={**values, "account_id": record.account_id}
        )


class RecordViewSet(viewsets.ReadOnlyModelViewSet[Record]):
    """What happened to each request. A key sees its own account's, staff see all."""

    queryset = Record.objects.all()
    serializer_class = RecordSerializer
    permission_classes = [ReadsAndStaffChanges]
    filterset_fields = ["model", "provider", "outcome", "category", "complexity", "policy", "session", "key_id"]

    def get_queryset(self) -> QuerySet[Record]:
        caller = self.request.auth
        if isinstance(caller, Caller):
            return super().get_queryset().filter(account_id=caller.account_id)
        return super().get_queryset()
