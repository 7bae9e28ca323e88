"""How prompts are read, in the REST API."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.reports.readers import accounts_of
from analytics.serializers.reports import WhoseQuery
from analytics.viewsets.reports import ReportView
from experiments.classification.report import classification
from experiments.classification.telling import of_classification
from routerhub.audit.serializers import valid


class ClassificationView(ReportView):
    """GET /api/routing/classification: who read the prompts, whether the readers agree, how sure they were, what asking more of
    them changed, how long it took and what it cost. Of at most 92 days and, where there are more requests, a sample of 10,000."""

    @extend_schema(parameters=[WhoseQuery], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        asked = WhoseQuery(data=request.query_params)
        valid(asked)
        return Response(of_classification(classification(asked.question(accounts_of(request.user)))))
