"""Releases of both lines: looked at, compared, rolled out, promoted, rolled back; and the switches."""

from typing import Any, get_args

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from routerhub.audit import history
from routerhub.audit.permissions import ReadsAndStaffChanges
from routerhub.audit.serializers import ReasonSerializer
from routerhub.releases import rollout, store, switches
from routerhub.releases.errors import NoRollout
from routerhub.releases.types import Line


class RollOutSerializer(ReasonSerializer):
    """Make a release live for a share of the users, or promote or roll back what is."""

    action = serializers.ChoiceField(["roll_out", "promote", "rollback"])
    release = serializers.IntegerField(required=False, min_value=0)
    percent = serializers.IntegerField(default=100, min_value=1, max_value=100)


class SwitchesSerializer(ReasonSerializer):
    catalogue = serializers.BooleanField(required=False)
    router = serializers.BooleanField(required=False)


def line_of(name: str) -> Line:
    """The line of that name. Raises NotFound."""
    for line in rollout.LINES:
        if line == name:
            return line
    raise NotFound(f"There is no line {name!r}. Allowed: {', '.join(get_args(Line))}.")


class BundleView(APIView):
    """GET /api/releases/{line}/{number}: everything that a release says. 0 is the one in the code."""

    permission_classes = [ReadsAndStaffChanges]

    @extend_schema(operation_id="releases_bundle", responses=OpenApiTypes.OBJECT)
    def get(self, _request: Request, line: str, number: int) -> Response:
        return Response({"line": line, "number": number, "bundle": store.bundle(line_of(line), number)})


class DifferenceView(APIView):
    """GET /api/releases/{line}/difference?before=3&after=5: every value in which two releases differ."""

    permission_classes = [ReadsAndStaffChanges]

    @extend_schema(
        parameters=[OpenApiParameter("before", int), OpenApiParameter("after", int)], responses=OpenApiTypes.OBJECT
    )
    def get(self, request: Request, line: str) -> Response:
        before, after = (_number(request, name) for name in ("before", "after"))
        found = store.differences(line_of(line), before, after)
        listed = [{"path": each.path, "before": each.before, "after": each.after} for each in found]
        return Response({"line": line, "before": before, "after": after, "differences": listed})


def _number(request: Request, name: str) -> int:
    try:
        return int(request.query_params[name])
    except (KeyError, ValueError) as problem:
        raise ValidationError(
            {name: f"{request.query_params.get(name)!r} is not the number of a release."}
        ) from problem


class RolloutView(APIView):
    """What is live on a line, and the actions that change it."""

    permission_classes = [ReadsAndStaffChanges]

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, _request: Request, line: str) -> Response:
        return Response(_pointer_json(line_of(line)))

    @extend_schema(request=RollOutSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, line: str) -> Response:
        serializer = RollOutSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        asked, author, known = serializer.validated_data, history.author_of(request), line_of(line)
        if asked["action"] == "promote":
            try:
                rollout.promote(known, author, asked["reason"])
            except NoRollout as problem:
                raise ValidationError({"action": str(problem)}) from problem
        elif asked["action"] == "rollback":
            rollout.rollback(known, asked.get("release"), author, asked["reason"])
        elif "release" not in asked:
            raise ValidationError({"release": "This field is required for roll_out."})
        else:
            rollout.roll_out(known, asked["release"], asked["percent"], author, asked["reason"])
        return Response(_pointer_json(known))


def _pointer_json(line: Line) -> dict[str, Any]:
    pointer = rollout.pointers().get(line)
    stable, candidate, percent = (pointer.stable, pointer.candidate, pointer.percent) if pointer else (0, None, 0)
    is_on = getattr(switches.current(), line)
    return {"line": line, "stable": stable, "candidate": candidate, "percent": percent, "switch": is_on}


class SwitchesView(APIView):
    """The two switches: true, a line is served from the database's releases; false, from release 0. On this host."""

    permission_classes = [ReadsAndStaffChanges]

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, _request: Request) -> Response:
        now = switches.current()
        return Response({"catalogue": now.catalogue, "router": now.router})

    @extend_schema(request=SwitchesSerializer, responses=OpenApiTypes.OBJECT)
    def patch(self, request: Request) -> Response:
        serializer = SwitchesSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        for line in rollout.LINES:
            if line in serializer.validated_data:
                switches.turn(
                    line, serializer.validated_data[line], str(request.user), serializer.validated_data["reason"]
                )
        return self.get(request)
