"""What was said, in the REST API."""

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.bodies import reading
from analytics.models import Body
from routerhub.audit.change import change_by
from routerhub.audit.permissions import TablePermissions
from routerhub.audit.serializers import reason_of

READ = "read by the API"
WHY = OpenApiParameter("reason", str, required=True)


class BodyView(APIView):
    """What a request and its answer said, where it is kept. That somebody reads or deletes it stands in the audit log."""

    table = Body
    permission_classes = [TablePermissions]
    by_account = True

    @extend_schema(operation_id="requests_body_retrieve", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, operation_id: UUID) -> Response:
        body = self._body(request, operation_id)
        return Response(as_json(body, reading.read(body, change_by(request, READ))))

    @extend_schema(operation_id="requests_body_destroy", parameters=[WHY], responses={204: None})
    def delete(self, request: Request, operation_id: UUID) -> Response:
        """The record of the request stays. The reason stands in the query or in the body."""
        body, reason = self._body(request, operation_id), reason_of(request)
        reading.delete(body, change_by(request, reason))
        return Response(status=204)

    def _body(self, request: Request, operation_id: UUID) -> Body:
        """Raises NotFound, PermissionDenied."""
        body = reading.find(operation_id, request.user)
        if body is None:
            raise NotFound(f"Nothing is kept of what the request {operation_id} said.")
        self.check_object_permissions(request, body)
        return body


def as_json(body: Body, opened: reading.Opened) -> dict[str, Any]:
    return {
        "operation_id": body.pk, "created_at": body.created_at, "size": body.size, "is_cut": body.is_cut,
        "redacted": body.redacted, "request": opened.request, "answer": opened.answer, "problem": opened.problem,
    }  # fmt: skip
