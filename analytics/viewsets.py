"""Records in the REST API."""

from django.db.models import QuerySet
from rest_framework import viewsets

from analytics.models import Record
from analytics.serializers import RecordSerializer
from budgets.permissions import ReadsAndStaffChanges
from budgets.types import Caller


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
