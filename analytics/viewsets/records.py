"""Records in the REST API."""

from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from analytics.exports.types import FORMATS
from analytics.models import Record
from analytics.requests import exporting
from analytics.requests.filters import RecordFilter
from analytics.requests.pagination import RecordPagination
from analytics.serializers.records import RecordSerializer
from budgets.people.authentication import caller_of
from budgets.people.ownership import OwnedQuerySet
from routerhub.audit.change import change_by
from routerhub.audit.permissions import Readers, TablePermissions

BY_API = "by the API"


class RecordViewSet(viewsets.ReadOnlyModelViewSet[Record]):
    """What happened to each request, the newest first. A key sees its own account's; a login with Django's permission,
    everybody's."""

    queryset = Record.objects.all()
    serializer_class = RecordSerializer
    permission_classes = [TablePermissions]
    readers: Readers = "routing"
    by_account = True
    filterset_class = RecordFilter
    pagination_class = RecordPagination

    def get_queryset(self) -> OwnedQuerySet[Record]:
        return Record.objects.for_caller(self.request.user)

    def filter_queryset(self, queryset: Any) -> Any:
        """By the selection, which the page needs to know as well. Raises ValidationError."""
        self.chosen = RecordFilter(self.request.query_params, queryset)
        if not self.chosen.is_valid():
            raise ValidationError(self.chosen.errors)
        return self.chosen.qs

    @extend_schema(
        parameters=[OpenApiParameter("as", str, enum=FORMATS)], responses={(200, "*/*"): OpenApiTypes.BINARY}
    )
    @action(detail=False)
    def export(self, request: Request) -> StreamingHttpResponse:
        """Up to 50,000 requests as a file, by the same filters. More are written by POST /api/exports."""
        self.filter_queryset(self.get_queryset())
        caller = caller_of(request)
        return exporting.download(
            self.chosen,
            request.query_params.get("as", "csv"),
            change_by(request, BY_API),
            caller.account_id if caller else None,
        )
