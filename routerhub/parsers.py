"""JSON bodies of the REST API. Their size is bounded by Django itself (DATA_UPLOAD_MAX_MEMORY_SIZE)."""

from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class BoundedJSONParser(JSONParser):
    """Raises ParseError for what is nested deeper than Python follows, as for any other bad JSON."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as problem:
            raise ParseError("The body is nested too deeply.") from problem
