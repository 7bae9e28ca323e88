"""Records in the REST API."""

from typing import Any

from rest_framework import mixins, viewsets
from rest_framework.exceptions import ValidationError

from analytics.models import Feedback, Record
from analytics.serializers import FeedbackSerializer, RecordSerializer
from budgets.people.ownership import OwnedQuerySet
from routerhub.audit.permissions import Readers, TablePermissions


class FeedbackViewSet(mixins.CreateModelMixin, mixins.ListModelMixin, viewsets.GenericViewSet[Feedback]):
    """How satisfied somebody was with an answer of the account. Reporting again corrects what was said."""

    queryset = Feedback.objects.all()
    serializer_class = FeedbackSerializer
    permission_classes = [TablePermissions]
    own_rows = True
    by_account = True

    def get_queryset(self) -> OwnedQuerySet[Feedback]:
        return Feedback.objects.for_caller(self.request.user)

    def perform_create(self, serializer: Any) -> None:
        values = dict(serializer.validated_data)
        operation = values.pop("operation_id")
        record = Record.objects.for_caller(self.request.user).filter(operation_id=operation).first()
        if record is None:
            raise ValidationError({"operation_id": f"There is no request {operation} of yours."})
        serializer.instance, _ = Feedback.objects.update_or_create(
            operation_id=operation, defaults={**values, "account_id": record.account_id}
        )


class RecordViewSet(viewsets.ReadOnlyModelViewSet[Record]):
    """What happened to each request. A key sees its own account's; a login with Django's permission, everybody's."""

    queryset = Record.objects.all()
    serializer_class = RecordSerializer
    permission_classes = [TablePermissions]
    readers: Readers = "routing"
    by_account = True
    filterset_fields = [
        "model",
        "provider",
        "outcome",
        "category",
        "complexity",
        "policy",
        "session",
        "task_id",
        "worker",
        "key_id",
        "is_cost_disputed",
    ]

    def get_queryset(self) -> OwnedQuerySet[Record]:
        return Record.objects.for_caller(self.request.user)
