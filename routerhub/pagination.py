"""Pages of the REST API's lists."""

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import LimitOffsetPagination

MAX_LIMIT = 1_000
MAX_OFFSET = 1_000_000_000


class BoundedPagination(LimitOffsetPagination):
    """?limit= and ?offset=, each a whole number within bounds. Raises ValidationError for any other."""

    max_limit = MAX_LIMIT

    def get_limit(self, request: Any) -> int:
        return _whole(request, "limit", 1, MAX_LIMIT, self.default_limit or MAX_LIMIT)

    def get_offset(self, request: Any) -> int:
        return _whole(request, "offset", 0, MAX_OFFSET, 0)


def _whole(request: Any, name: str, low: int, high: int, default: int) -> int:
    given = request.query_params.get(name, "")
    if not given:
        return default
    is_number = given.isascii() and given.isdecimal() and len(given) <= len(str(high))
    if not is_number or not low <= int(given) <= high:
        raise ValidationError({name: f"{given[:50]!r} is not a whole number from {low} to {high:,}."})
    return int(given)
