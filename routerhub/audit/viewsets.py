"""The history in the REST API."""

from collections.abc import Iterable
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from routerhub.audit import entries, versions
from routerhub.audit.change import change_by
from routerhub.audit.permissions import may
from routerhub.audit.serializers import ReasonSerializer, WholeNumber, valid

FILTERS = ("table", "row", "author", "kind", "q", "since", "until")
MAX_ROWS, MAX_OFFSET = 200, 10_000


class HistoryQuery(serializers.Serializer[Any]):
    """What of the history is asked for."""

    table = serializers.CharField(required=False, allow_blank=True, default="")
    row = serializers.CharField(required=False, allow_blank=True, default="")
    author = serializers.CharField(required=False, allow_blank=True, default="")
    kind = serializers.CharField(required=False, allow_blank=True, default="")
    q = serializers.CharField(required=False, allow_blank=True, default="")
    since = serializers.DateField(required=False, default=None)
    until = serializers.DateField(required=False, default=None)
    offset = WholeNumber(default=0, min_value=0, max_value=MAX_OFFSET)
    limit = WholeNumber(default=50, min_value=0, max_value=MAX_ROWS)


class HistoryView(APIView):
    """GET /api/changes?table=model&row=12&author=ada&kind=deleted: the newest versions first, of the tables one may see."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="changes_list",
        parameters=[*(OpenApiParameter(name, str) for name in FILTERS), OpenApiParameter("offset", int),
                    OpenApiParameter("limit", int)],
        responses=OpenApiTypes.OBJECT,
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        asked = valid(HistoryQuery(data=request.query_params))
        seen = versions.seen_by(request.user)
        if not seen.tables or (
            asked["table"] in entries.tables() | entries.SOURCES and asked["table"] not in seen.tables
        ):
            raise PermissionDenied(f"This needs the right to view {asked['table'] or 'a table with a history'}.")
        found = versions.versions(**asked, seen=seen)
        return Response({"tables": sorted(seen.tables), "results": [as_json(each) for each in found]})


class VersionView(APIView):
    """GET /api/changes/{table}/{id}: one version, field by field, and what restoring it would change now."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, table: str, number: int) -> Response:
        seen = _demand(request, "view", table)
        restoring = versions.restoration(table, number, seen)
        return Response({
            **as_json(versions.version(table, number, seen)),
            "restoring": {
                "refused": versions.final_because(table), "changes": changes_json(restoring.changes),
                "with_it": list(restoring.with_it),
            },
        })  # fmt: skip


class RestoreView(APIView):
    """POST /api/changes/{table}/{id}/restore: make that version the current one, as a new version."""

    permission_classes = [IsAuthenticated]

    @extend_schema(request=ReasonSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, table: str, number: int) -> Response:
        rights = versions.restoration(table, number, _demand(request, "change", table)).rights
        if not request.user.has_perms(rights):
            raise PermissionDenied(f"This needs the rights {', '.join(rights)}.")
        reason = valid(ReasonSerializer(data=request.data))["reason"]
        return Response({"restored": versions.restore(table, number, change_by(request, reason))})


def _demand(request: Request, verb: str, table: str) -> versions.Seen:
    """What whoever asks may see. Raises PermissionDenied, and ValidationError for a table without a history."""
    seen = versions.seen_by(request.user)
    if not seen.tables or not may(request.user, verb, entries.table_of(table)):
        raise PermissionDenied(f"This needs the right to {verb} {table}.")
    return seen


def as_json(version: entries.VersionEntry) -> dict[str, Any]:
    """A version as the API shows it. Values are JSON where they can be, text otherwise."""
    return {
        "table": version.table, "id": version.id, "row": version.row, "name": version.name, "kind": version.kind,
        "at": version.at, "author": version.author, "ip": version.ip, "reason": version.reason,
        "changes": changes_json(version.changes),
    }  # fmt: skip


def changes_json(changes: Iterable[entries.FieldChange]) -> list[dict[str, Any]]:
    return [{"field": each.field, "before": _plain(each.before), "after": _plain(each.after)} for each in changes]


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | str | list | dict) else str(value)
