"""Releases in the REST API: looked at, compared, rolled out, promoted, rolled back; and the switches."""

from collections.abc import Iterable
from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from routerhub.audit.change import change_by
from routerhub.audit.permissions import Readers, TablePermissions
from routerhub.audit.serializers import ReasonSerializer, valid
from routerhub.releases import lines, rollout, store, switch_history, switches, transfer
from routerhub.releases.differences import Difference
from routerhub.releases.models import Release, Rollout
from routerhub.releases.serializers import (
    DifferenceQuery,
    NameSerializer,
    ReleaseSerializer,
    RolloutSerializer,
    UploadSerializer,
)


class ReleaseViewSet(viewsets.ReadOnlyModelViewSet[Release]):
    """Releases of every line, the newest first."""

    queryset = Release.objects.select_related("author").defer("bundle")
    serializer_class = ReleaseSerializer
    permission_classes = [TablePermissions]
    readers: Readers = "keys"
    filterset_fields = ["line", "number"]

    def get_serializer_context(self) -> dict[str, Any]:
        states = {line: rollout.states(rollout.pointer(line)) for line in lines.names()}
        return {**super().get_serializer_context(), "states": states}

    @extend_schema(request=UploadSerializer, responses=OpenApiTypes.OBJECT)
    def create(self, request: Request) -> Response:
        """Store a release that was downloaded elsewhere as a draft; it is checked whole, and compared with what is live."""
        asked = valid(UploadSerializer(data=request.data))
        uploaded = transfer.read(asked["file"])
        found = {"line": uploaded.line, "differences": _listed(transfer.compared(uploaded))}
        if asked["dry_run"]:
            return Response(found)
        release = transfer.keep(uploaded, change_by(request, asked["reason"]), asked.get("label"))
        return Response({**found, "number": release.number, "label": release.label, "digest": release.digest}, 201)


class BundleView(APIView):
    """GET /api/releases/{line}/{number}: everything that a release says. 0 is the one in the code."""

    permission_classes = [TablePermissions]
    table = Release
    readers: Readers = "routing"

    @extend_schema(operation_id="releases_bundle", responses=OpenApiTypes.OBJECT)
    def get(self, _request: Request, line: str, number: int) -> Response:
        return Response({"line": line, "number": number, "bundle": store.bundle(line, number)})

    @extend_schema(operation_id="releases_name", request=NameSerializer, responses=OpenApiTypes.OBJECT)
    def patch(self, request: Request, line: str, number: int) -> Response:
        """Call it otherwise."""
        asked = valid(NameSerializer(data=request.data))
        store.rename(line, number, asked["label"], change_by(request, asked["reason"]))
        return Response({"line": line, "number": number, "label": asked["label"]})


class FileView(APIView):
    """GET /api/releases/{line}/{number}/file: a release as a file, which POST /api/releases of another site takes."""

    permission_classes = [TablePermissions]
    table = Release
    readers: Readers = "routing"

    @extend_schema(operation_id="releases_file", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, line: str, number: int) -> Response:
        return Response(transfer.download(line, number, change_by(request, "downloaded as a file")))


class DifferenceView(APIView):
    """GET /api/releases/{line}/difference?before=3&after=5: every value in which two releases differ."""

    permission_classes = [TablePermissions]
    table = Release
    readers: Readers = "routing"

    @extend_schema(
        parameters=[OpenApiParameter("before", int), OpenApiParameter("after", int)], responses=OpenApiTypes.OBJECT
    )
    def get(self, request: Request, line: str) -> Response:
        asked = valid(DifferenceQuery(data=request.query_params))
        found = store.compared(line, asked["before"], asked["after"])
        return Response({"line": line, **asked, "differences": _listed(found)})


class RolloutView(APIView):
    """What is live on a line, and the actions that change it."""

    permission_classes = [TablePermissions]
    table = Rollout
    readers: Readers = "routing"
    verbs: ClassVar = {"GET": "view", "POST": "change"}

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, _request: Request, line: str) -> Response:
        return Response(_pointer_json(line))

    @extend_schema(request=RolloutSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, line: str) -> Response:
        asked = valid(RolloutSerializer(data=request.data))
        change = change_by(request, asked["reason"])
        match asked["action"]:
            case "promote":
                rollout.promote(line, change)
            case "rollback":
                rollout.rollback(line, asked.get("release"), change)
            case _:
                rollout.roll_out(line, asked["release"], asked["percent"], change)
        return Response(_pointer_json(line))


def _listed(found: Iterable[Difference]) -> list[dict[str, Any]]:
    return [{"path": each.path, "before": each.before, "after": each.after} for each in found]


def _pointer_json(line: str) -> dict[str, Any]:
    found = rollout.pointer(line)
    return {
        "line": line, "stable": found.stable, "candidate": found.candidate, "percent": found.percent,
        "switch": switches.is_on(line),
    }  # fmt: skip


class SwitchesView(APIView):
    """The switches: true, a line is served from the database's releases; false, from release 0. On this host."""

    permission_classes = [TablePermissions]
    table = Rollout
    readers: Readers = "routing"

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, _request: Request) -> Response:
        return Response(dict(switches.current()))

    @extend_schema(request=OpenApiTypes.OBJECT, responses=OpenApiTypes.OBJECT)
    def patch(self, request: Request) -> Response:
        """By line, true or false; and the reason."""
        asked = valid(_switches_serializer()(data=request.data))
        change = change_by(request, asked.pop("reason"))
        for line, is_on in asked.items():
            switch_history.turn(line, is_on, change)
        return self.get(request)


def _switches_serializer() -> type[ReasonSerializer]:
    """A flag for every line that there is."""
    flags = {line: serializers.BooleanField(required=False) for line in lines.names()}
    return type("SwitchesSerializer", (ReasonSerializer,), flags)
