"""The audit log in the REST API."""

from django.core.exceptions import ValidationError as Refused
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.audit_log import asking, searching
from analytics.audit_log.asking import AuditForm
from analytics.exports.types import FORMATS
from routerhub.audit.chain import sealing, verifying
from routerhub.audit.change import change_by
from routerhub.audit.models import Event
from routerhub.audit.permissions import TablePermissions
from routerhub.audit.viewsets import changes_json
from routerhub.pagination import whole

FILTERS = [OpenApiParameter(name, str) for name in AuditForm.base_fields]
MAX_ROWS = 200


class AuditView(APIView):
    """What is asked for in the query."""

    permission_classes = [TablePermissions]
    table = Event
    by_account = True

    def asked(self, request: Request) -> AuditForm:
        """Raises ValidationError."""
        form = AuditForm(request.query_params)
        if not form.is_valid():
            raise ValidationError({name: [str(text) for text in texts] for name, texts in form.errors.items()})
        return form


class AuditLogView(AuditView):
    """GET /api/audit?who=ada&kind=changed&q=price: requests, changes and sign-ins, the newest first; `next` is `before` of the
    next page. Where only some of a long range was looked through, `looked_back_to` says back to when."""

    @extend_schema(
        operation_id="audit_list", responses=OpenApiTypes.OBJECT,
        parameters=[*FILTERS, OpenApiParameter("limit", int), OpenApiParameter("before", str)],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        form, size = self.asked(request), whole(request, "limit", 1, MAX_ROWS, 50)
        try:
            page = searching.search(
                form.asked(), searching.viewer_of(request.user), size, request.query_params.get("before", "")
            )
        except Refused as refused:
            raise ValidationError(refused.message_dict) from refused
        return Response({
            "next": page.following or None, "looked_back_to": page.looked_back_to,
            "results": [{**asking.as_json(each), "changes": changes_json(each.changes)} for each in page.entries],
        })  # fmt: skip


class AuditExportView(AuditView):
    """GET /api/audit/export?as=csv with the same filters: up to 50,000 entries as a file."""

    @extend_schema(
        parameters=[*FILTERS, OpenApiParameter("as", str, enum=FORMATS)], responses={(200, "*/*"): OpenApiTypes.BINARY}
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        form, format_name = self.asked(request), request.query_params.get("as", "csv")
        try:
            return asking.download(form, searching.viewer_of(request.user), format_name, change_by(request, "by API"))
        except Refused as refused:
            raise ValidationError(refused.message_dict) from refused


class ChainView(APIView):
    """GET /api/audit/chain: the last link of the chain, and what the last walk over it found."""

    permission_classes = [TablePermissions]
    table = Event

    @extend_schema(operation_id="audit_chain", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        head, last = sealing.head(), verifying.last()
        return Response({
            "head": head and {"link": head.number, "seal": head.seal, "sealed_at": head.sealed_at},
            "verified": last and {
                "at": last.began_at, "first_link": last.first, "last_link": last.head, "rows": last.rows,
                "problems": last.problems,
            },
        })  # fmt: skip
