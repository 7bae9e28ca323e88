"""Reports in the REST API."""

from typing import Any

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.models import PolicyBand, Record
from analytics.reports import files, telling
from analytics.reports.dearest import dearest_requests, dearest_users
from analytics.reports.opportunities import opportunities
from analytics.reports.performance import performance
from analytics.reports.readers import accounts_of
from analytics.reports.savings import savings
from analytics.reports.targets import targets
from analytics.serializers.reports import (
    DearestQuery,
    OpportunitiesQuery,
    PolicyBandSerializer,
    RangeQuery,
    ReportQuery,
)
from analytics.windows.types import Question
from routerhub.audit import history
from routerhub.audit.change import change_by
from routerhub.audit.permissions import Readers, TablePermissions
from routerhub.audit.serializers import reason_of, valid


class ReportView(APIView):
    """Of whose requests one may read: a key its own account's, a login those of its accounts, with Django's right everybody's."""

    table = Record
    permission_classes = [TablePermissions]
    readers: Readers = "routing"
    by_account = True

    def question(self, request: Request) -> Question:
        asked = RangeQuery(data=request.query_params)
        valid(asked)
        return asked.question(accounts_of(request.user))


class PerformanceView(ReportView):
    """GET /api/routing/performance?group_by=model&step=day&compare=true: how requests did and what they cost, a page of groups
    at a time, the others as one; out of the roll-ups, until `as_of`."""

    @extend_schema(parameters=[ReportQuery], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> HttpResponseBase:
        asked = ReportQuery(data=request.query_params)
        wanted = valid(asked).get("as")
        found = performance(asked.asked(accounts_of(request.user)), asked.page())
        return files.of_report(found, wanted) if wanted else Response(telling.of_report(found))


class SavingsView(ReportView):
    """GET /api/routing/savings: what routing saved against always the best model, always the cheapest good one, and what was
    asked for. An estimate, by the method that the answer states."""

    @extend_schema(parameters=[RangeQuery], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        return Response(telling.of_savings(savings(self.question(request))))


class TargetsView(ReportView):
    """GET /api/routing/targets: cost, success, latency, budget and the balance of the policies, each with its target and whether
    it is met."""

    @extend_schema(parameters=[RangeQuery], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        return Response(telling.of_targets(targets(self.question(request))))


class OpportunitiesView(ReportView):
    """GET /api/routing/opportunities: where a cheaper model succeeds as often, what that would save, and how it is tried out."""

    @extend_schema(parameters=[OpportunitiesQuery], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> HttpResponseBase:
        asked = OpportunitiesQuery(data=request.query_params)
        wanted = valid(asked).get("as")
        found = opportunities(asked.question(accounts_of(request.user)))
        return files.of_opportunities(found, wanted) if wanted else Response(telling.of_opportunities(found))


class DearestView(ReportView):
    """GET /api/routing/dearest: the requests that cost most, and the users whose requests did."""

    @extend_schema(parameters=[DearestQuery], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        asked = DearestQuery(data=request.query_params)
        limit = valid(asked)["limit"]
        question = asked.question(accounts_of(request.user))
        return Response(telling.of_dearest(dearest_requests(question, limit), dearest_users(question, limit)))


class PolicyBandViewSet(viewsets.ModelViewSet[PolicyBand]):
    """Between which shares of the requests each policy is to be used."""

    queryset = PolicyBand.objects.all()
    serializer_class = PolicyBandSerializer
    permission_classes = [TablePermissions]
    readers: Readers = "routing"
    lookup_field = "policy"
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def perform_create(self, serializer: Any) -> None:
        self._save(PolicyBand(), serializer)

    def perform_update(self, serializer: Any) -> None:
        self._save(serializer.instance, serializer)

    def _save(self, row: PolicyBand, serializer: Any) -> None:
        values = dict(serializer.validated_data)
        change = change_by(self.request, values.pop("reason"))
        for name, value in values.items():
            setattr(row, name, value)
        row.full_clean()
        history.stamp(row, change)
        row.save()
        serializer.instance = row

    def perform_destroy(self, instance: PolicyBand) -> None:
        history.delete([instance], change_by(self.request, reason_of(self.request)))
