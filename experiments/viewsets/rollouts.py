"""Rollouts by steps in the REST API."""

from collections.abc import Callable
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from experiments.models import GradualRollout
from experiments.rollouts import stepping
from experiments.serializers.rollouts import GradualRolloutSerializer, StartSerializer
from routerhub.audit.change import Change, change_by
from routerhub.audit.permissions import Readers, TablePermissions
from routerhub.audit.serializers import ReasonSerializer, valid
from routerhub.releases.models import Rollout


class GradualRolloutViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[GradualRollout]):
    """Releases that go out step by step, the newest first, with what each step found. Who may move what is live may do this."""

    queryset = GradualRollout.objects.prefetch_related("steps")
    serializer_class = GradualRolloutSerializer
    permission_classes = [TablePermissions]
    table = Rollout
    readers: Readers = "routing"
    verbs: ClassVar = {"GET": "view", "POST": "change"}
    filterset_fields = ["line", "release", "state"]

    @extend_schema(request=StartSerializer, responses={201: GradualRolloutSerializer})
    def create(self, request: Request) -> Response:
        """Begin one."""
        serializer = StartSerializer(data=request.data)
        asked = valid(serializer)
        change = change_by(request, asked["reason"])
        begun = stepping.start(asked["line"], asked["release"], change, serializer.plan())
        return Response(GradualRolloutSerializer(begun).data, 201)

    @extend_schema(request=ReasonSerializer)
    @action(detail=True, methods=["post"])
    def advance(self, request: Request, pk: str) -> Response:
        """Go on to the next step now."""
        return self._move(request, stepping.advance)

    @extend_schema(request=ReasonSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Stay at this step, still guarded."""
        return self._move(request, stepping.pause)

    @extend_schema(request=ReasonSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Go on by the plan."""
        return self._move(request, stepping.resume)

    @extend_schema(request=ReasonSerializer)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """Leave the release with the users who have it, unguarded."""
        return self._move(request, stepping.stop)

    @extend_schema(request=ReasonSerializer)
    @action(detail=True, methods=["post"])
    def roll_back(self, request: Request, pk: str) -> Response:
        """Take the release from everybody who has it."""
        return self._move(request, stepping.roll_back)

    def _move(self, request: Request, move: Callable[[int, Change], GradualRollout]) -> Response:
        reason = valid(ReasonSerializer(data=request.data))["reason"]
        moved = move(self.get_object().pk, change_by(request, reason))
        return Response(GradualRolloutSerializer(moved).data)
