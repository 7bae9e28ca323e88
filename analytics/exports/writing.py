"""Rows to bytes, some at a time. What is in memory does not grow with the rows."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

from analytics.exports import parquet, spreadsheets
from analytics.exports.types import FORMATS, About, Column
from budgets.books.exporting import cell
from budgets.money import usd

Row = Mapping[str, Any]
Writer = Callable[[Iterable[Row], Sequence[Column], About], Iterator[bytes]]
ROWS_AT_ONCE = 500
BOM = b"\xef\xbb\xbf"
"""By which spreadsheets know that a CSV is UTF-8."""
NO_PYARROW = "Parquet needs pyarrow, which is not installed here: pip install -r requirements-extra.txt."


def check_format(name: str) -> None:
    """That a file can be written so. Raises ValidationError."""
    if name not in FORMATS:
        raise ValidationError({"format": f"{name!r} is no format: write one of {', '.join(FORMATS)}."})
    if name == "parquet" and not parquet.is_installed():
        raise ValidationError({"format": NO_PYARROW})


def written(rows: Iterable[Row], columns: Sequence[Column], format_name: str, about: About) -> Iterator[bytes]:
    """The file in pieces. Raises ValidationError, at once, for a format that there is not."""
    check_format(format_name)
    return WRITERS[format_name](rows, columns, about)


def as_csv(rows: Iterable[Row], columns: Sequence[Column], about: About) -> Iterator[bytes]:
    """Times with their offset, dollars with all their digits; before a text that a spreadsheet would run, an apostrophe."""
    zone = ZoneInfo(about.zone)
    yield BOM + _lines([[column.name for column in columns]])
    remaining = iter(rows)
    while some := list(islice(remaining, ROWS_AT_ONCE)):
        yield _lines([[_text(row[column.source], column, zone) for column in columns] for row in some])


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()


def _text(value: Any, column: Column, zone: ZoneInfo) -> str:
    found = plain(value, column, zone)
    if found is None:
        return ""
    if column.kind in {"words", "object"}:
        return _json(found)
    return cell(found) if column.kind == "text" else str(found).lower() if column.kind == "flag" else str(found)


def as_json(rows: Iterable[Row], columns: Sequence[Column], about: About) -> Iterator[bytes]:
    """{"about": {"time_zone", "currency", ...}, "rows": [...]}: dollars as decimal text, as everywhere in the API."""
    zone = ZoneInfo(about.zone)
    yield f'{{"about": {_json(about.lines())},\n"rows": ['.encode()
    remaining, before = iter(rows), "\n"
    while some := list(islice(remaining, ROWS_AT_ONCE)):
        told = (_json({each.name: plain(row[each.source], each, zone) for each in columns}) for row in some)
        yield (before + ",\n".join(told)).encode()
        before = ",\n"
    yield b"\n]}\n"


def plain(value: Any, column: Column, zone: ZoneInfo) -> Any:
    """A value as JSON has it."""
    if value is None:
        return None
    if column.kind == "money":
        return usd(value)
    if column.kind == "moment":
        return value.astimezone(zone).isoformat()
    if column.kind == "text":
        return str(value)
    return list(value) if column.kind == "words" else value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


WRITERS: Mapping[str, Writer] = {
    "csv": as_csv, "json": as_json, "xlsx": spreadsheets.as_xlsx, "parquet": parquet.as_parquet,
}  # fmt: skip
