"""Pages of requests in the REST API."""

from typing import Any

from django.db.models import Q, QuerySet
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from analytics.models import Record
from analytics.requests import paging
from analytics.requests.filters import RecordFilter
from routerhub.pagination import BoundedPagination, whole

MAX_COUNTED = 10_000


def counted(chosen: RecordFilter) -> QuerySet[Record]:
    """So much of a selection as is counted: no more rows than `MAX_COUNTED`, and one by which that is noticed."""
    horizon = paging.horizon_of(chosen) if chosen.is_narrow else None
    found: QuerySet[Record] = chosen.qs.filter(Q(created_at__gte=horizon) if horizon else Q())
    return found.order_by("-created_at")[: MAX_COUNTED + 1]


class RecordPagination(BoundedPagination):
    """?limit= and ?before=, which `next` has. ?offset= goes no further than what is counted."""

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> list[Any]:
        self._request, chosen = request, view.chosen
        limit, offset = self.get_limit(request), whole(request, "offset", 0, MAX_COUNTED, 0)
        self._count = counted(chosen).count()
        if offset:
            rows = list(chosen.qs.order_by("-created_at", "-operation_id")[offset : offset + limit])
            self._page = paging.Page(rows=rows, following=paging.key_of(rows[-1]) if len(rows) == limit else "")
            return rows
        self._page = paging.page(chosen, limit, request.query_params.get("before", ""))
        return self._page.rows

    def get_paginated_response(self, data: Any) -> Response:
        """`count` goes up to 10,000, `is_more` says whether there are more; where not all of the range was looked through,
        `looked_back_to` says how far, and `next` goes on from there."""
        page, address = self._page, remove_query_param(self._request.build_absolute_uri(), "offset")
        following = replace_query_param(address, "before", page.following) if page.following else None
        count, back = self._count, page.looked_back_to
        told = {"count": min(count, MAX_COUNTED), "is_more": count > MAX_COUNTED, "next": following}
        return Response({**told, "looked_back_to": back.isoformat() if back else None, "results": data})

    def get_paginated_response_schema(self, schema: Any) -> dict[str, Any]:
        nullable = {"type": "string", "nullable": True}
        properties = {
            "count": {"type": "integer"}, "is_more": {"type": "boolean"}, "next": nullable, "looked_back_to": nullable,
        }  # fmt: skip
        return {"type": "object", "properties": {**properties, "results": schema}}

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        before = {"name": "before", "in": "query", "required": False, "schema": {"type": "string"}}
        return [*super().get_schema_operation_parameters(view), before]
