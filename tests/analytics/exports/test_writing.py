"""Files as the programs read them that they are for: pandas, DuckDB and openpyxl (LibreOffice is not tried)."""

import asyncio
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas
import pyarrow.parquet
import pytest
from django.core.exceptions import ValidationError

from analytics.exports import parquet, spreadsheets
from analytics.exports.streaming import file_name, stream
from analytics.exports.types import FORMATS, About, Column
from analytics.exports.writing import written

COLUMNS = [
    Column(name="created_at", kind="moment"), Column(name="model"), Column(name="requests", kind="integer"),
    Column(name="share", kind="number"), Column(name="cost_usd", kind="money", of="cost_nano"),
    Column(name="is_sandbox", kind="flag"), Column(name="tags", kind="words"), Column(name="metadata", kind="object"),
]  # fmt: skip
AT = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
"""Half past two in Berlin, for the first time that night."""
ROW: dict[str, Any] = {
    "created_at": AT, "model": "=cmd|' /C calc'!A0", "requests": -3, "share": 0.25, "cost_nano": 1_234_567_890_123,
    "is_sandbox": True, "tags": ["=1+1", "b"], "metadata": {"ticket": "@SUM(1)"},
}  # fmt: skip
EMPTY = dict.fromkeys(ROW)
ABOUT = About(title="Requests", zone="Europe/Berlin", facts={"since": "2026-10-25"})
EXACT = Decimal("1234.567890123")


def asked(query: str) -> list[Any]:
    """The rows that DuckDB finds."""
    return list(duckdb.connect().execute(query).fetchall())


def file(tmp_path: Path, format_name: str, *rows: dict[str, Any]) -> Path:
    path = tmp_path / f"file.{format_name}"
    path.write_bytes(b"".join(written(rows, COLUMNS, format_name, ABOUT)))
    return path


def test_csv_is_read_with_exact_dollars_and_times_with_their_offset(tmp_path: Path) -> None:
    path = file(tmp_path, "csv", ROW, EMPTY)
    first, second = pandas.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")
    assert first == {
        "created_at": "2026-10-25T02:30:00+02:00", "model": "'=cmd|' /C calc'!A0", "requests": "-3", "share": "0.25",
        "cost_usd": "1234.567890123", "is_sandbox": "true", "tags": '["=1+1", "b"]', "metadata": '{"ticket": "@SUM(1)"}',
    }  # fmt: skip
    assert set(second.values()) == {""}
    (row,) = asked(f"SELECT created_at, cost_usd::DECIMAL(28, 9), requests FROM '{path}' WHERE requests < 0")  # noqa: S608
    assert (row[0].astimezone(UTC), *row[1:]) == (AT, EXACT, -3)


def test_json_says_its_zone_and_its_currency(tmp_path: Path) -> None:
    told = json.loads(file(tmp_path, "json", ROW, EMPTY).read_text())
    assert told["about"] == {
        "title": "Requests", "time_zone": "Europe/Berlin", "currency": "USD", "since": "2026-10-25",
    }  # fmt: skip
    first, second = told["rows"]
    assert (first["model"], first["cost_usd"]) == ("=cmd|' /C calc'!A0", "1234.567890123")
    assert (first["tags"], first["metadata"]) == (["=1+1", "b"], {"ticket": "@SUM(1)"})
    assert set(second.values()) == {None}
    assert json.loads(file(tmp_path, "json").read_text())["rows"] == []


def test_in_a_spreadsheet_a_formula_is_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheets, "MAX_ROWS", 1)
    path = file(tmp_path, "xlsx", ROW, {**EMPTY, "requests": 0})
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Rows", "Rows 2", "About"]
    header, cells = book["Rows"].iter_rows()
    assert [each.value for each in header][:2] == ["created_at (Europe/Berlin)", "model"]
    assert [each.data_type for each in cells] == ["d", "s", "n", "n", "n", "b", "s", "s"]
    assert [each.value for each in cells][:2] == [datetime(2026, 10, 25, 2, 30), "=cmd|' /C calc'!A0"]  # noqa: DTZ001
    assert repr(cells[4].value) == str(EXACT)
    assert {each.value for each in list(book["Rows 2"].iter_rows())[1]} == {None, 0}
    assert ["time_zone", "Europe/Berlin"] in [[each.value for each in row] for row in book["About"].iter_rows()]
    assert pandas.read_excel(path)["cost_usd"][0] == float(EXACT)


def test_parquet_has_decimals_and_moments_of_the_zone(tmp_path: Path) -> None:
    path = file(tmp_path, "parquet", ROW, EMPTY)
    kinds = dict(row[:2] for row in asked(f"DESCRIBE SELECT * FROM '{path}'"))  # noqa: S608
    assert (kinds["cost_usd"], kinds["created_at"]) == ("DECIMAL(28,9)", "TIMESTAMP WITH TIME ZONE")
    assert (kinds["tags"], kinds["requests"]) == ("VARCHAR[]", "BIGINT")
    (row,) = asked(f"SELECT created_at, cost_usd, tags[1], metadata->>'ticket' FROM '{path}' WHERE is_sandbox")  # noqa: S608
    assert (row[0].astimezone(UTC), *row[1:]) == (AT, EXACT, "=1+1", "@SUM(1)")
    read = pandas.read_parquet(path)
    assert str(read["created_at"].dtype) == "datetime64[us, Europe/Berlin]"
    assert read["cost_usd"][0] == EXACT
    told = pyarrow.parquet.read_schema(path).metadata
    assert (told[b"time_zone"], told[b"currency"]) == (b"Europe/Berlin", b"USD")


@pytest.mark.parametrize("format_name", ["csv", "json", "parquet"])
def test_a_piece_is_sent_before_the_next_rows_are_read(format_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "GROUP", 500)
    read: list[int] = []

    def rows() -> Iterator[dict[str, Any]]:
        for number in range(5_000):
            read.append(number)
            yield ROW

    pieces = written(rows(), COLUMNS, format_name, ABOUT)
    assert [len(next(pieces)) > 0 for _ in range(2)] == [True, True]
    assert len(read) <= 1_000
    assert sum(map(len, pieces)) > 0
    assert len(read) == 5_000


@pytest.mark.django_db(transaction=True)
def test_a_download_is_sent_piece_by_piece_by_an_event_loop() -> None:
    answer = stream([ROW], COLUMNS, "csv", file_name("requests", AT, AT, "Europe/Berlin"), ABOUT)
    assert answer["Content-Disposition"] == (
        'attachment; filename="requests_2026-10-25T0230_2026-10-25T0230_Europe-Berlin.csv"'
    )

    async def sent() -> list[bytes]:
        return [piece async for piece in answer]

    pieces = asyncio.run(sent())
    assert len(pieces) == 2
    assert b"1234.567890123" in pieces[1]


def test_a_format_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match=f"'ods' is no format: write one of {', '.join(FORMATS)}"):
        stream([], COLUMNS, "ods", "x")
    monkeypatch.setattr(parquet, "is_installed", lambda: False)
    with pytest.raises(ValidationError, match=r"pip install -r requirements-extra\.txt"):
        stream([], COLUMNS, "parquet", "x")
    assert io.BytesIO(b"".join(written([], COLUMNS, "xlsx", ABOUT))).read(2) == b"PK"
