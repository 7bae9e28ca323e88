"""Composed dashboards in the REST API."""

from typing import Any

from django.conf import settings
from django.utils.timezone import now
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.dashboards import composed, composing, keeping
from analytics.models import Dashboard
from analytics.models.dashboards import DashboardQuerySet
from analytics.serializers.dashboards import (
    DashboardChangeSerializer,
    DashboardFiguresSerializer,
    DashboardSerializer,
    NewDashboardSerializer,
)
from budgets.people.ownership import claim
from routerhub.audit.change import author_of, change_by
from routerhub.audit.permissions import TablePermissions
from routerhub.audit.serializers import reason_of, valid

WHY = OpenApiParameter("reason", str, required=True)
FILTERS = [
    OpenApiParameter("range", str, description="A preset; or since and until, as 2026-11-24."),
    OpenApiParameter("since", str), OpenApiParameter("until", str), OpenApiParameter("zone", str),
    OpenApiParameter("traffic", str, description="real, sandbox or both."),
]  # fmt: skip


class DashboardViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Dashboard]):
    """Pages of tiles that people compose: one's own, and those that others of the account share."""

    queryset = Dashboard.objects.select_related("account", "user")
    serializer_class = DashboardSerializer
    permission_classes = [TablePermissions]
    by_account = True
    filterset_fields = {"visibility": ["exact"], "account__slug": ["exact"], "user__username": ["exact"]}

    def get_queryset(self) -> DashboardQuerySet:
        found: Any = super().get_queryset()
        return found.for_caller(self.request.user)  # type: ignore[no-any-return]

    @extend_schema(request=NewDashboardSerializer, responses={201: DashboardSerializer})
    def create(self, request: Request) -> Response:
        """For oneself."""
        values = dict(valid(NewDashboardSerializer(data=request.data)))
        author: Any = author_of(request)
        row = Dashboard(account=values.pop("account"), user=values.pop("user", author))
        claim(row, request.user, "user" in request.data)
        return self._saved(row, values, 201)

    @extend_schema(request=DashboardChangeSerializer, responses=DashboardSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        row = self.get_object()
        return self._saved(row, dict(valid(DashboardChangeSerializer(row, data=request.data, partial=True))), 200)

    @extend_schema(parameters=[WHY], responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        keeping.delete(self.get_object(), change_by(request, reason_of(request)))
        return Response(status=204)

    @extend_schema(parameters=FILTERS, responses=DashboardFiguresSerializer)
    @action(detail=True)
    def figures(self, request: Request, pk: str) -> Response:
        """What its tiles show. Any filter of the pages' address may be given beside."""
        page = composed.show(self.get_object(), dict(request.query_params.lists()), now(), settings.TIME_ZONE)
        return Response(DashboardFiguresSerializer(composed.told(page)).data)

    @extend_schema(responses={200: dict})
    @action(detail=False)
    def kinds(self, request: Request) -> Response:
        """What a tile may be: kinds with their groupings and measures, ranges and widths."""
        return Response(composing.offered())

    def _saved(self, row: Dashboard, values: dict[str, Any], status: int) -> Response:
        keeping.save(row, values, change_by(self.request, values.pop("reason")))
        return Response(DashboardSerializer(row).data, status)
