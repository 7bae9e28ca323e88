"""Batches in the REST API, for who looks after them. Clients make them at /v1/batches."""

from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from budgets.people.ownership import OwnedQuerySet
from routerhub.audit.permissions import Readers, TablePermissions
from routerhub.batches.models import Batch
from routerhub.batches.rows import cancel_one
from routerhub.batches.serializers import BatchSerializer


class BatchViewSet(viewsets.ReadOnlyModelViewSet[Batch]):
    """How far each batch is, and what it costs. A key sees its own account's; a login with Django's permission, everybody's."""

    queryset = Batch.objects.all()
    serializer_class = BatchSerializer
    permission_classes = [TablePermissions]
    readers: Readers = "routing"
    by_account = True
    filterset_fields = ["status", "endpoint", "account_id", "key_id"]

    def get_queryset(self) -> OwnedQuerySet[Batch]:
        return Batch.objects.for_caller(self.request.user)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Ask nothing more of it. What is answered is kept."""
        batch = self.get_object()
        cancel_one(batch)
        return Response(BatchSerializer(batch).data)
