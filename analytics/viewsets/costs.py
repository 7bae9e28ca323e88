"""Costs in the REST API, also as a file: the ledger's own sums."""

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.reports import files
from analytics.serializers.reports import FileQuery
from budgets.serializers.books import CostsQuery
from budgets.viewsets.books import CostsView
from routerhub.audit.serializers import valid


class CostsFileView(CostsView):
    __doc__ = CostsView.__doc__

    @extend_schema(parameters=[CostsQuery, FileQuery], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> HttpResponseBase:
        wanted = valid(FileQuery(data=request.query_params.dict())).get("as")
        found = self.found(request)
        return files.of_costs(found, wanted) if wanted else Response(found.as_json())
