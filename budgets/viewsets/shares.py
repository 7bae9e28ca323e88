"""Limits that are dealt out over several databases, in the REST API."""

from typing import ClassVar

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from budgets.models import Limit
from budgets.serializers.shares import DealSerializer
from budgets.shares import dealing, overview
from budgets.shares.amounts import in_units
from routerhub.audit.change import change_by
from routerhub.audit.permissions import TablePermissions
from routerhub.audit.serializers import ReasonSerializer, valid


class SharesView(APIView):
    """GET /api/shares: every limit that is dealt out, and how each place does."""

    permission_classes = [TablePermissions]
    table = Limit

    @extend_schema(operation_id="shares_list", responses=OpenApiTypes.OBJECT)
    def get(self, _request: Request) -> Response:
        return Response({"limits": [overview.as_json(each) for each in overview.dealt()]})


class ShareView(APIView):
    """One limit: how it is dealt out, deal it out, take it back."""

    permission_classes = [TablePermissions]
    table = Limit
    verbs: ClassVar = {"GET": "view", "PUT": "change", "DELETE": "change"}

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, _request: Request, pk: int) -> Response:
        found = get_object_or_404(Limit.objects.exclude(shared_as=None), pk=pk)
        return Response(overview.as_json(overview.of(found)))

    @extend_schema(request=DealSerializer, responses=OpenApiTypes.OBJECT)
    def put(self, request: Request, pk: int) -> Response:
        """In new periods each place may use so much; in the running one room moves to where it is used."""
        found, asked = get_object_or_404(Limit, pk=pk), valid(DealSerializer(data=request.data))
        try:
            shares = {place: in_units(found, amount) for place, amount in asked["shares"].items()}
        except ValueError as problem:
            raise ValidationError({"shares": str(problem)}) from problem
        dealing.deal(found, shares, change_by(request, asked["reason"]))
        return Response(overview.as_json(overview.of(found)))

    @extend_schema(request=ReasonSerializer, responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Home has the whole again."""
        asked = valid(ReasonSerializer(data=request.data))
        dealing.gather(get_object_or_404(Limit, pk=pk), change_by(request, asked["reason"]))
        return Response(status=204)
