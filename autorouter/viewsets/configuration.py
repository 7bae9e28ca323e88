"""What the router decides by: configuration, policies, task types, profiles."""

from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from autorouter import configuration
from autorouter.models import Policy, Profile, RouterConfiguration, TaskType
from autorouter.serializers import (
    PolicySerializer,
    ProfileSerializer,
    RouterConfigurationSerializer,
    TaskTypeSerializer,
)
from budgets.permissions import ReadsAndStaffChanges
from models_registry import audit


class RouterConfigurationView(APIView):
    """The tuning values. A change says why, is validated whole, and is live at once as a new release."""

    permission_classes = [ReadsAndStaffChanges]

    @extend_schema(responses=RouterConfigurationSerializer)
    def get(self, _request: Request) -> Response:
        return Response(RouterConfigurationSerializer(self._row()).data)

    @extend_schema(request=RouterConfigurationSerializer(partial=True), responses=RouterConfigurationSerializer)
    @transaction.atomic
    def patch(self, request: Request) -> Response:
        row = self._row()
        serializer = RouterConfigurationSerializer(row, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        values = dict(serializer.validated_data)
        reason = values.pop("reason")
        for name, value in values.items():
            setattr(row, name, value)
        release = configuration.change(row, audit.author_of(request), reason)
        return Response({**RouterConfigurationSerializer(row).data, "release": release})

    def _row(self) -> RouterConfiguration:
        return RouterConfiguration.objects.first() or RouterConfiguration(pk=1)


class PolicyViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.CreateModelMixin, viewsets.GenericViewSet[Policy]
):
    """Routing policies. Posting one makes its next version, which takes the place of the active one."""

    queryset = Policy.objects.all()
    serializer_class = PolicySerializer
    permission_classes = [ReadsAndStaffChanges]
    lookup_field = "name"
    filterset_fields = ["name", "is_active"]

    def get_object(self) -> Policy:
        self.queryset = Policy.objects.filter(is_active=True)
        return super().get_object()

    @transaction.atomic
    def perform_create(self, serializer: Any) -> None:
        values = dict(serializer.validated_data)
        reason = values.pop("reason")
        author = audit.author_of(self.request)
        earlier = Policy.objects.select_for_update().filter(name=values["name"]).order_by("-version")
        version = earlier[0].version + 1 if earlier else 1
        for row in earlier.filter(is_active=True):
            row.is_active = False
            audit.stamp(row, author, reason)
            row.save()
        serializer.instance = Policy(**values, version=version)
        configuration.change(serializer.instance, author, reason)


class ProfileViewSet(viewsets.ReadOnlyModelViewSet[Profile]):
    """What each model is good at, with the source of every figure. Ratings: Arena (arena.ai), CC BY 4.0."""

    queryset = Profile.objects.prefetch_related("scores")
    serializer_class = ProfileSerializer
    permission_classes = [ReadsAndStaffChanges]
    lookup_field = "model"
    lookup_value_regex = "[^/]+"
    filterset_fields = ["model"]


class TaskTypeViewSet(viewsets.ReadOnlyModelViewSet[TaskType]):
    """Which policy a kind of task goes to."""

    queryset = TaskType.objects.all()
    serializer_class = TaskTypeSerializer
    permission_classes = [ReadsAndStaffChanges]
    lookup_field = "name"
