"""Rows as XLSX. A workbook is a zip with its table of contents at its end: it is written to a file, then sent."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import xlsxwriter

from analytics.exports.types import About, Column
from budgets.types import to_usd

MAX_ROWS = 1_048_575
"""Of a sheet, below its header: what is more goes on in a next one."""
PIECE = 256 * 1024
MONEY, MOMENT = "0.00#######", "yyyy-mm-dd hh:mm:ss.000"


def as_xlsx(rows: Iterable[Mapping[str, Any]], columns: Sequence[Column], about: About) -> Iterator[bytes]:
    """Sheets with the rows, then one that says what they are. Cells know no time zone: times are the zone's own, which the
    header of their column names."""
    with TemporaryDirectory(prefix="routerhub-export-") as folder:
        path = Path(folder, "export.xlsx")
        with xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": folder}) as book:
            _Sheets(book, columns, about).write(rows)
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece


class _Sheets:
    """What a workbook is filled by, row after row."""

    def __init__(self, book: Any, columns: Sequence[Column], about: About) -> None:
        self._book, self._columns, self._about = book, columns, about
        self._zone = ZoneInfo(about.zone)
        self._bold, self._money, self._moment = (
            book.add_format(each) for each in ({"bold": True}, {"num_format": MONEY}, {"num_format": MOMENT})
        )

    def write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        sheet, at = self._next(), 0
        for row in rows:
            if at == MAX_ROWS:
                sheet, at = self._next(), 0
            at += 1
            for place, column in enumerate(self._columns):
                self._cell(sheet, at, place, row[column.source], column)
        notes = self._book.add_worksheet("About")
        notes.set_column(0, 1, 30)
        for at, (name, text) in enumerate(self._about.lines().items()):
            notes.write_string(at, 0, name, self._bold)
            notes.write_string(at, 1, text)

    def _next(self) -> Any:
        """A new sheet with its header."""
        number = len(self._book.worksheets()) + 1
        sheet = self._book.add_worksheet("Rows" if number == 1 else f"Rows {number}")
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(self._columns) - 1, 18)
        for place, column in enumerate(self._columns):
            name = f"{column.name} ({self._about.zone})" if column.kind == "moment" else column.name
            sheet.write_string(0, place, name, self._bold)
        return sheet

    def _cell(self, sheet: Any, at: int, place: int, value: Any, column: Column) -> None:
        """What is text is written as such, whatever it begins with. Excel has no more than 32,767 characters of it."""
        if value is None:
            return
        if column.kind == "money":
            sheet.write_number(at, place, to_usd(value), self._money)
        elif column.kind == "moment":
            sheet.write_datetime(at, place, value.astimezone(self._zone).replace(tzinfo=None), self._moment)
        elif column.kind == "flag":
            sheet.write_boolean(at, place, value)
        elif column.kind in {"integer", "number"}:
            sheet.write_number(at, place, value)
        elif column.kind == "text":
            sheet.write_string(at, place, str(value))
        else:
            sheet.write_string(at, place, json.dumps(value, ensure_ascii=False))
