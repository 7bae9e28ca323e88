"""The router in the REST API: decisions, configuration, policies, profiles."""

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from autorouter import configuration, explain, live, sessions
from autorouter.classify import classify
from autorouter.errors import NoCandidate, UnknownTaskType
from autorouter.models import Policy, Profile, RouterConfiguration, TaskType
from autorouter.router import decide
from autorouter.serializers import (
    PolicySerializer,
    ProfileSerializer,
    RouterConfigurationSerializer,
    SelectSerializer,
    TaskTypeSerializer,
)
from autorouter.types import RouterRelease, Task, Wish
from budgets.permissions import ReadsAndStaffChanges
from budgets.types import Caller
from models_registry import audit, reach


def author_of(request: Request) -> AbstractBaseUser | None:
    """The person behind a request; a key that belongs to nobody has none."""
    return request.user if isinstance(request.user, AbstractBaseUser) else None


class SelectView(APIView):
    """The decision for a request, without calling a model: every candidate's score, and why the others are out."""

    permission_classes = [ReadsAndStaffChanges]
    reads_only = True

    @extend_schema(request=SelectSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        serializer = SelectSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        asked = serializer.validated_data
        catalogue, router = live.current(_user_key(request))
        wish = _wish(asked, router, _previous_model(request, asked))
        within_reach = reach.current(catalogue.providers.values())
        decision = decide(catalogue, router, _task(asked), wish, within_reach, datetime.now(UTC))
        if decision.chosen is None:
            raise NoCandidate(decision)
        return Response(explain.as_json(decision))


def _user_key(request: Request) -> str:
    """Whom a rollout counts as the same: the user, or else the key."""
    caller = request.auth
    if isinstance(caller, Caller):
        return f"{caller.user_id or f'key {caller.key_id}'}"
    return f"{request.user.pk}"


def _previous_model(request: Request, asked: dict[str, Any]) -> str | None:
    if asked.get("previous_model") or not asked.get("session") or not isinstance(request.auth, Caller):
        return asked.get("previous_model")
    return sessions.previous_model(request.auth.account_id, asked["session"])


def _task(asked: dict[str, Any]) -> Task:
    if "task" in asked:
        given = asked["task"]
        return Task(**{**given, "needs": frozenset(given["needs"]), "origin": "given"})
    structured = asked.get("response_format", {}).get("type") in {"json_object", "json_schema"}
    return classify(asked["messages"], bool(asked.get("tools")), structured, asked["stream"])


def _wish(asked: dict[str, Any], router: RouterRelease, previous_model: str | None) -> Wish:
    task_type = asked.get("task_type")
    if task_type and task_type not in router.task_types:
        raise UnknownTaskType(task_type, router.task_types)
    candidates = asked.get("candidates")
    return Wish(
        previous_model=previous_model,
        candidates=None if candidates is None else tuple(candidates),
        policy=asked.get("policy") or router.task_types.get(task_type or ""),
        priority=asked["priority"],
        max_cost_usd=asked.get("max_cost_usd"),
        max_latency_ms=asked.get("max_latency_ms"),
        max_output_tokens=asked.get("max_output_tokens"),
    )


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
        release = configuration.change(row, author_of(request), reason)
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
        author = author_of(self.request)
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
