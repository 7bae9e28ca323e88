"""Feedback in the REST API."""

from typing import Any

from rest_framework import mixins, viewsets
from rest_framework.exceptions import ValidationError

from analytics.models import Feedback, Record
from analytics.serializers.feedback import FeedbackSerializer
from budgets.people.ownership import OwnedQuerySet
from routerhub.audit.permissions import TablePermissions


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
