"""The catalogue in the REST API."""

from django.db.models import QuerySet
from rest_framework import viewsets
from rest_framework.permissions import IsAuthenticated

from models_registry.filters import ModelFilter
from models_registry.models import Model, Provider, Release
from models_registry.serializers import ModelSerializer, ProviderSerializer, ReleaseSerializer


class ModelViewSet(viewsets.ReadOnlyModelViewSet[Model]):
    """Models that may be asked for. Internal ones are shown to staff only."""

    queryset = Model.objects.select_related("successor").prefetch_related("deployments__prices")
    serializer_class = ModelSerializer
    permission_classes = [IsAuthenticated]
    filterset_class = ModelFilter
    lookup_field = "identifier"
    lookup_value_regex = ".+"

    def get_queryset(self) -> QuerySet[Model]:
        models = super().get_queryset()
        return models if self.request.user.is_staff else models.filter(is_internal_only=False)


class ProviderViewSet(viewsets.ReadOnlyModelViewSet[Provider]):
    """Who makes and serves models."""

    queryset = Provider.objects.all()
    serializer_class = ProviderSerializer
    permission_classes = [IsAuthenticated]
    lookup_field = "name"


class ReleaseViewSet(viewsets.ReadOnlyModelViewSet[Release]):
    """Releases of both lines, the newest first."""

    queryset = Release.objects.select_related("author").defer("bundle")
    serializer_class = ReleaseSerializer
    permission_classes = [IsAuthenticated]
    filterset_fields = ["line", "number"]
