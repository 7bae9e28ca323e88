"""Records in the REST API."""

from rest_framework import viewsets

from analytics.models import Record
from analytics.serializers.records import RecordSerializer
from budgets.people.ownership import OwnedQuerySet
from routerhub.audit.permissions import Readers, TablePermissions


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
