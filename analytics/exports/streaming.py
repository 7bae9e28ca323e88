"""A download that is written while it is sent."""

import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

from analytics.exports.types import About, Column
from analytics.exports.writing import check_format, written
from routerhub.tenancy.scope import streamed

CONTENT_TYPES: Mapping[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
NOTHING = About()


class Download(StreamingHttpResponse):
    """Pieces that are made one after another, also where they are sent by an event loop: Django would gather them all first."""

    def __init__(self, pieces: Iterable[bytes], name: str, format_name: str) -> None:
        super().__init__(streaming_content=pieces, content_type=CONTENT_TYPES[format_name])
        self["Content-Disposition"] = f'attachment; filename="{name}.{format_name}"'
        self["X-Content-Type-Options"] = "nosniff"

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = iter(self)
        following = sync_to_async(lambda: next(pieces, None))
        while (piece := await following()) is not None:
            yield piece


def stream(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[Column], format: str, name: str, about: About = NOTHING
) -> StreamingHttpResponse:
    """Rows as a file with such a name. Give a queryset as `.values(...).iterator()`: it is read with a cursor of the server, in
    the scope of whoever calls this. Raises ValidationError for a format that there is not."""
    check_format(format)
    return Download(streamed(written(rows, columns, format, about)), name, format)


def file_name(what: str, since: datetime, until: datetime, zone: str) -> str:
    """The name of a file of a range, without ending: requests_2026-11-01T0000_2026-11-08T0000_Europe-Berlin."""
    first, last = (f"{each.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H%M}" for each in (since, until))
    return re.sub(r"[^A-Za-z0-9_.+-]", "-", f"{what}_{first}_{last}_{zone}")
