"""The history in the REST API."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from routerhub.audit import history, versions
from routerhub.audit.permissions import StaffOnly
from routerhub.audit.serializers import ReasonSerializer

FILTERS = ("table", "row", "author", "kind")
MOST = 200


class HistoryView(APIView):
    """GET /api/history?table=model&row=12&author=ada&kind=deleted: the newest versions first."""

    permission_classes = [StaffOnly]

    @extend_schema(
        operation_id="history_list",
        parameters=[*(OpenApiParameter(name, str) for name in FILTERS), OpenApiParameter("offset", int),
                    OpenApiParameter("limit", int)],
        responses=OpenApiTypes.OBJECT,
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        asked = request.query_params
        table, row, author, kind = (asked.get(name, "") for name in FILTERS)
        offset, limit = _count(asked, "offset", 0, 10_000), _count(asked, "limit", 50, MOST)
        found = versions.versions(table, row, author, kind, offset, limit)
        return Response({"tables": sorted(versions.tables()), "results": [as_json(each) for each in found]})


def _count(asked: Any, name: str, default: int, most: int) -> int:
    given = asked.get(name, str(default))
    if not given.isdecimal() or int(given) > most:
        raise ValidationError({name: f"{given!r} is not a number from 0 to {most:,}."})
    return int(given)


class VersionView(APIView):
    """GET /api/history/{table}/{id}: one version, field by field."""

    permission_classes = [StaffOnly]

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, _request: Request, table: str, number: int) -> Response:
        return Response(as_json(versions.version(table, number)))


class RestoreView(APIView):
    """POST /api/history/{table}/{id}/restore: make that version the current one, as a new version."""

    permission_classes = [StaffOnly]

    @extend_schema(request=ReasonSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, table: str, number: int) -> Response:
        serializer = ReasonSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        restored = versions.restore(table, number, history.author_of(request), serializer.validated_data["reason"])
        return Response({"restored": restored})


def as_json(version: versions.Version) -> dict[str, Any]:
    """A version as the API shows it. Values are JSON where they can be, text otherwise."""
    changes = [
        {"field": each.field, "before": _plain(each.before), "after": _plain(each.after)} for each in version.changes
    ]
    return {
        "table": version.table, "id": version.id, "row": version.row, "name": version.name, "kind": version.kind,
        "at": version.at, "author": version.author, "ip": version.ip, "reason": version.reason, "changes": changes,
    }  # fmt: skip


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | str | list | dict) else str(value)
