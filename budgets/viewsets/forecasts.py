"""Forecasts in the REST API."""

from typing import Any

from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from budgets.forecasting import forecasts
from budgets.limits.seeing import visible_limits
from budgets.models import Limit
from budgets.serializers.forecasts import ForecastSerializer
from routerhub.audit.permissions import Readers, TablePermissions


class ForecastView(APIView):
    """What a limit will have seen when its running period ends, made at this moment: spent exactly, expected, and 80 % between
    low and high; then the same hour by hour. A limit without a period from a day on that ends has none, which is an error 404."""

    table = Limit
    permission_classes = [TablePermissions]
    readers: Readers = "routing"
    by_account = True

    @extend_schema(responses=ForecastSerializer)
    def get(self, request: Request, pk: int) -> Response:
        limit = visible_limits(request.user).filter(pk=pk).first()
        if limit is None:
            raise NotFound(f"There is no limit {pk} that you may see.")
        outlook = forecasts.look_ahead(limit, now())
        if outlook is None:
            raise NotFound(forecasts.why_none(limit))
        shown: dict[str, Any] = ForecastSerializer(outlook, context={"limit": limit}).data
        return Response(shown)
