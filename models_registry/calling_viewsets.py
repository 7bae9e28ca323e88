"""What providers are called with, and what is not called for a while, in the REST API."""

from typing import Any

from django.db import transaction
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from models_registry import provider_keys
from models_registry.circuits import rows as circuits
from models_registry.models import Circuit, ProviderKey
from models_registry.serializers import (
    CircuitSerializer,
    NewProviderKeySerializer,
    ProviderKeyChangeSerializer,
    ProviderKeySerializer,
)
from routerhub.audit import history
from routerhub.audit.change import Change, change_by
from routerhub.audit.permissions import TablePermissions
from routerhub.audit.serializers import reason_of, valid


class CircuitViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet[Circuit]
):
    """Deployments and keys that are not called for a while. Deleting one closes it: calls go through again at once."""

    queryset = Circuit.objects.exclude(circuits.ENDED)
    serializer_class = CircuitSerializer
    permission_classes = [TablePermissions]

    def perform_destroy(self, instance: Circuit) -> None:
        circuits.close([instance.subject])


class ProviderKeyViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[ProviderKey]):
    """Keys of providers: written and never read. A change says why and counts in every process within a second."""

    queryset = ProviderKey.objects.select_related("provider")
    serializer_class = ProviderKeySerializer
    permission_classes = [TablePermissions]

    def get_queryset(self) -> Any:
        return provider_keys.with_circuit(super().get_queryset())

    @extend_schema(request=NewProviderKeySerializer, responses={201: ProviderKeySerializer})
    def create(self, request: Request) -> Response:
        values = dict(valid(NewProviderKeySerializer(data=request.data)))
        change = change_by(request, values.pop("reason"))
        return self._save(ProviderKey(provider=values.pop("provider"), label=values.pop("label")), values, change, 201)

    @extend_schema(request=ProviderKeyChangeSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        values = dict(valid(ProviderKeyChangeSerializer(data=request.data, partial=True)))
        return self._save(self.get_object(), values, change_by(request, values.pop("reason")), 200)

    @extend_schema(parameters=[OpenApiParameter("reason", OpenApiTypes.STR, required=True)])
    def destroy(self, request: Request, pk: str) -> Response:
        """The reason stands in the query or in the body."""
        history.delete([self.get_object()], change_by(request, reason_of(request)))
        return Response(status=204)

    @transaction.atomic
    def _save(self, row: ProviderKey, values: dict[str, Any], change: Change, status: int) -> Response:
        if "secret" in values:
            provider_keys.seal(row, values.pop("secret"))
        for name, value in values.items():
            setattr(row, name, value)
        row.full_clean()
        history.stamp(row, change)
        row.save()
        return Response(ProviderKeySerializer(self.get_queryset().get(pk=row.pk)).data, status)
