"""What the router decides by: configuration, policies, task types, profiles."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from autorouter.configuration import policies, profiles, save
from autorouter.models import Policy, Profile, RouterConfiguration, TaskType
from autorouter.serializers import (
    ActivateSerializer,
    PolicySerializer,
    ProfileSerializer,
    RouterConfigurationSerializer,
    ScoresSerializer,
    TaskTypeSerializer,
)
from routerhub.audit import history
from routerhub.audit.change import change_by
from routerhub.audit.permissions import Readers, TablePermissions
from routerhub.audit.serializers import ReasonSerializer, valid


class RouterConfigurationView(APIView):
    """The tuning values. A change says why, is validated whole, and is live at once as a new release."""

    table = RouterConfiguration
    permission_classes = [TablePermissions]
    readers: Readers = "routing"

    @extend_schema(responses=RouterConfigurationSerializer)
    def get(self, _request: Request) -> Response:
        return Response(RouterConfigurationSerializer(self._row()).data)

    @extend_schema(request=RouterConfigurationSerializer(partial=True), responses=RouterConfigurationSerializer)
    def patch(self, request: Request) -> Response:
        """?as=draft stores a release that is live for nobody, called by its `label`; ?as=10 rolls it out to 10 % of the users."""
        row = self._row()
        values = valid(RouterConfigurationSerializer(row, data=request.data, partial=True))
        reason, label = values.pop("reason"), values.pop("label", "")
        how = save.read_share(request.query_params.get("as", "live"))
        release = save.save_tuning(row, values, how, change_by(request, reason), label)
        return Response({**RouterConfigurationSerializer(self._row()).data, "release": release})

    def _row(self) -> RouterConfiguration:
        return RouterConfiguration.objects.first() or RouterConfiguration(pk=1)


class PolicyViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.CreateModelMixin, viewsets.GenericViewSet[Policy]
):
    """Routing policies. Posting one makes its next version, which takes the place of the active one, and answers with it."""

    queryset = Policy.objects.all()
    serializer_class = PolicySerializer
    permission_classes = [TablePermissions]
    readers: Readers = "routing"
    lookup_field = "name"
    filterset_fields = ["name", "is_active"]

    def get_object(self) -> Policy:
        self.queryset = Policy.objects.filter(is_active=True)
        return super().get_object()

    def perform_create(self, serializer: Any) -> None:
        given = serializer.validated_data
        values = {"title": policies.title(given["name"]), **given}
        reason = values.pop("reason")
        try:
            serializer.instance = policies.add_version(values, change_by(self.request, reason))
        except ValidationError as refused:
            problems = {"models" if name == "model_ids" else name: each for name, each in refused.message_dict.items()}
            raise ValidationError(problems) from refused

    @extend_schema(request=ActivateSerializer)
    @action(detail=True, methods=["post"])
    def activate(self, request: Request, name: str) -> Response:
        """Let an earlier version take the place of the active one."""
        asked = valid(ActivateSerializer(data=request.data))
        row = policies.activate(name, asked["version"], change_by(request, asked["reason"]))
        return Response(PolicySerializer(row).data)

    @extend_schema(request=ReasonSerializer, responses={204: None})
    @action(detail=True, methods=["post"])
    def deactivate(self, request: Request, name: str) -> Response:
        """Let nobody use the policy."""
        asked = valid(ReasonSerializer(data=request.data))
        policies.deactivate(name, change_by(request, asked["reason"]))
        return Response(status=204)


class ProfileViewSet(viewsets.ReadOnlyModelViewSet[Profile]):
    """What each model is good at, with the source of every figure. Ratings: Arena (arena.ai), CC BY 4.0."""

    queryset = Profile.objects.prefetch_related("scores")
    serializer_class = ProfileSerializer
    permission_classes = [TablePermissions]
    readers: Readers = "routing"
    lookup_field = "model"
    lookup_value_regex = "[^/]+"
    filterset_fields = ["model"]

    @extend_schema(request=ScoresSerializer, responses=OpenApiTypes.OBJECT)
    def patch(self, request: Request) -> Response:
        """Change scores of any models at once: published together, or not at all."""
        asked = valid(ScoresSerializer(data=request.data))
        release = profiles.set_scores(asked["profiles"], change_by(request, asked["reason"]))
        return Response({"release": release})


class TaskTypeViewSet(
    mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin, viewsets.ReadOnlyModelViewSet[TaskType]
):
    """Which policy a kind of task goes to."""

    queryset = TaskType.objects.all()
    serializer_class = TaskTypeSerializer
    permission_classes = [TablePermissions]
    readers: Readers = "routing"
    lookup_field = "name"
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def perform_create(self, serializer: Any) -> None:
        self._save(TaskType(), serializer)

    def perform_update(self, serializer: Any) -> None:
        self._save(serializer.instance, serializer)

    def _save(self, row: TaskType, serializer: Any) -> None:
        values = dict(serializer.validated_data)
        reason = values.pop("reason")
        for name, value in values.items():
            setattr(row, name, value)
        save.change_row(row, change_by(self.request, reason))
        serializer.instance = row

    @transaction.atomic
    def perform_destroy(self, instance: TaskType) -> None:
        asked = valid(ReasonSerializer(data={"reason": self.request.query_params.get("reason", "")}))
        change = change_by(self.request, asked["reason"])
        history.delete([instance], change)
        save.publish(change)
