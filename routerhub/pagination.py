"""Pages of the REST API's lists."""

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination, LimitOffsetPagination
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

MAX_LIMIT = 1_000
MAX_OFFSET = 1_000_000_000
MAX_KEY = 2**63 - 1


class BoundedPagination(LimitOffsetPagination):
    """?limit= and ?offset=, each a whole number within bounds. Raises ValidationError for any other."""

    max_limit = MAX_LIMIT

    def get_limit(self, request: Any) -> int:
        return whole(request, "limit", 1, MAX_LIMIT, self.default_limit or MAX_LIMIT)

    def get_offset(self, request: Any) -> int:
        return whole(request, "offset", 0, MAX_OFFSET, 0)


def whole(request: Any, name: str, low: int, high: int, default: int) -> int:
    """A whole number of the query, within bounds. Raises ValidationError."""
    given = request.query_params.get(name, "")
    if not given:
        return default
    is_number = given.isascii() and given.isdecimal() and len(given) <= len(str(high))
    if not is_number or not low <= int(given) <= high:
        raise ValidationError({name: f"{given[:50]!r} is not a whole number from {low} to {high:,}."})
    return int(given)


class KeysetPagination(BasePagination):
    """?limit= and ?before=: the newest rows before one, by a key that only grows. What is written meanwhile moves no page."""

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> list[Any]:
        self._request = request
        self._limit = whole(request, "limit", 1, MAX_LIMIT, 100)
        before = whole(request, "before", 1, MAX_KEY, MAX_KEY)
        self._rows = list(queryset.filter(pk__lt=before).order_by("-pk")[: self._limit + 1])
        return self._rows[: self._limit]

    def get_paginated_response(self, data: Any) -> Response:
        """`next` is the address of the next page, null after the last one."""
        following = None
        if len(self._rows) > self._limit:
            address = replace_query_param(self._request.build_absolute_uri(), "limit", self._limit)
            following = replace_query_param(address, "before", self._rows[self._limit - 1].pk)
        return Response({"next": following, "results": data})

    def get_paginated_response_schema(self, schema: Any) -> dict[str, Any]:
        return {"type": "object", "properties": {"next": {"type": "string", "nullable": True}, "results": schema}}

    def get_schema_operation_parameters(self, _view: Any) -> list[dict[str, Any]]:
        return [
            {"name": name, "in": "query", "required": False, "schema": {"type": "integer"}}
            for name in ("limit", "before")
        ]
