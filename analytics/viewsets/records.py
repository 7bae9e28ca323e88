"""Records in the REST API."""

from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.filters import BaseFilterBackend

from analytics.models import Record
from analytics.records import metadata
from analytics.serializers.records import RecordSerializer
from budgets.people.ownership import OwnedQuerySet
from routerhub.audit.permissions import Readers, TablePermissions


class ByMetadata(BaseFilterBackend):
    """`?metadata.project=x`, several of them together; of a name within a name `?metadata.run.step=3`."""

    def filter_queryset(self, request: Any, queryset: QuerySet[Any], _view: Any) -> QuerySet[Any]:
        for name, value in request.query_params.items():
            if name.startswith(metadata.PREFIX):
                try:
                    queryset = queryset.filter(metadata.having(name.removeprefix(metadata.PREFIX).split("."), value))
                except ValueError as problem:
                    raise ValidationError({name: str(problem)}) from problem
        return queryset


class RecordViewSet(viewsets.ReadOnlyModelViewSet[Record]):
    """What happened to each request. A key sees its own account's; a login with Django's permission, everybody's. Found by the
    fields below, and by the caller's own object as `?metadata.project=x`."""

    queryset = Record.objects.all()
    serializer_class = RecordSerializer
    permission_classes = [TablePermissions]
    readers: Readers = "routing"
    by_account = True
    filter_backends = [DjangoFilterBackend, ByMetadata]
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
        "deployment",
        "error_kind",
    ]

    def get_queryset(self) -> OwnedQuerySet[Record]:
        return Record.objects.for_caller(self.request.user)
