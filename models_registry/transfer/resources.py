"""What a file of each table looks like: one row an entry, the columns below, the same in JSON, CSV and XLSX.

Values keep every digit: prices are decimal text, lists and objects are JSON in one cell. A row states the whole entry;
a column that is missing from the file leaves its field as it is.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from import_export.formats.base_formats import CSV, JSON, XLSX, Format
from tablib import Dataset

from models_registry.catalogue.bundles import MODEL_TYPES, PROVIDER_TYPES
from models_registry.errors import UnreadableFile, UnwritableFile
from routerhub import numerals

Facts = dict[str, Any]
RISKY = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes text that begins so for a formula."""
FORMATS: Mapping[str, type[Format]] = {"json": JSON, "csv": CSV, "xlsx": XLSX}
MAX_ROWS = 50_000
MAX_CELL = 32_767
"""Characters that a cell of a spreadsheet holds."""
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True, kw_only=True)
class Table:
    """A kind of entry that files hold: `key` is its id, the others are columns with the type of their value."""

    name: str
    kind: str
    """Where a bundle has it: providers or models."""
    key: str
    columns: Mapping[str, type]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One entry of a file, column by column as the file has it."""

    line: int
    """Where it begins in the file, from 1; of a spreadsheet the number that stands beside the row."""
    cells: Mapping[str, Any]


TABLES: Mapping[str, Table] = {
    "models": Table(name="models", kind="models", key="id", columns={**MODEL_TYPES, "deprecated_from": str}),
    "providers": Table(name="providers", kind="providers", key="name", columns=PROVIDER_TYPES),
}


def write_file(table: Table, entries: Mapping[str, Facts], format_name: str) -> bytes:
    """The entries as a file of that format. Raises UnwritableFile."""
    names = [table.key, *table.columns]
    rows = [{table.key: key, **facts} for key, facts in sorted(entries.items())]
    if format_name == "json":
        return _json_file({name: row.get(name) for name in names} for row in rows)
    data = Dataset(headers=names)
    for row in rows:
        data.append([_cell(row.get(name)) for name in names])
    if format_name == "xlsx":
        _demand_cells(data)
    content = FORMATS[format_name]().export_data(data)
    return content if isinstance(content, bytes) else content.encode()


def _json_file(rows: Iterable[Facts]) -> bytes:
    """One entry a line, so that a line names an entry."""
    return ("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n").encode()


def _demand_cells(data: Dataset) -> None:
    """Raises UnwritableFile, rather than cutting a text short."""
    for row in data:
        for name, text in zip(data.headers or [], row, strict=True):
            if len(text) > MAX_CELL or CONTROL.search(text):
                problem = f"has {len(text):,} characters" if len(text) > MAX_CELL else "has a control character"
                raise UnwritableFile(f"{row[0]}: {name} {problem}, which XLSX cannot hold. Take JSON or CSV.")


def _cell(value: Any) -> str:
    """The value as one cell. Text that a spreadsheet would run as a formula gets an apostrophe before it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)
    return f"'{text}" if text.startswith((*RISKY, "'")) else text


def read_file(table: Table, content: bytes, format_name: str) -> list[Row]:
    """The rows of a file. Raises UnreadableFile."""
    try:
        headers, rows = _READERS[format_name](content)
    except Exception as problem:  # the formats' libraries raise whatever they like
        raise UnreadableFile(f"The file cannot be read as {format_name}: {problem!r}.") from problem
    unknown = [name for name in headers if name not in {table.key, *table.columns}]
    if unknown or table.key not in headers:
        wrong = f"unknown column {', '.join(map(repr, unknown))}" if unknown else f"there is no column {table.key!r}"
        raise UnreadableFile(f"{wrong}. Columns: {', '.join([table.key, *table.columns])}.")
    if len(rows) > MAX_ROWS:
        raise UnreadableFile(f"{len(rows):,} rows are more than {MAX_ROWS:,}, the most that one file may have.")
    return rows


def _json_rows(content: bytes) -> tuple[list[str], list[Row]]:
    """A list of objects, each with the columns that it names. tablib would pair them by their place alone."""
    text = content.decode(json.detect_encoding(content))
    objects = json.loads(text)
    if not isinstance(objects, list) or not all(isinstance(each, dict) for each in objects):
        raise ValueError("it is no list of objects")
    rows = [Row(line=line, cells=each) for line, each in zip(_json_lines(text, len(objects)), objects, strict=True)]
    return list(dict.fromkeys(name for each in objects for name in each)), rows


def _json_lines(text: str, count: int) -> Iterator[int]:
    """The lines on which the objects of a list begin."""
    decoder, ended, line = json.JSONDecoder(), 0, 1
    for _ in range(count):
        begins = text.index("{", ended)
        line += text.count("\n", ended, begins)
        yield line
        ended = decoder.raw_decode(text, begins)[1]
        line += text.count("\n", begins, ended)


def _csv_rows(content: bytes) -> tuple[list[str], list[Row]]:
    """tablib would not tell on which line a row begins: a text in quotes may go over several, and empty ones do not count."""
    reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    headers = next(reader, [])
    rows, line = [], reader.line_num + 1
    for cells in reader:
        if cells:
            missing = [""] * (len(headers) - len(cells))
            rows.append(Row(line=line, cells=dict(zip(headers, [*cells, *missing], strict=True))))
        line = reader.line_num + 1
    return headers, rows


def _xlsx_rows(content: bytes) -> tuple[list[str], list[Row]]:
    data = XLSX().create_dataset(content)
    headers = list(data.headers or [])
    found = ((line, dict(zip(headers, cells, strict=True))) for line, cells in enumerate(data, 2))
    return headers, [Row(line=line, cells=cells) for line, cells in found if set(cells.values()) != {None}]


_READERS: Mapping[str, Callable[[bytes], tuple[list[str], list[Row]]]] = {
    "json": _json_rows, "csv": _csv_rows, "xlsx": _xlsx_rows,
}  # fmt: skip


def read_row(table: Table, row: Mapping[str, Any], is_json: bool) -> tuple[str, Facts, dict[str, str]]:
    """A row's id, its facts, and what is wrong by column."""
    problems: dict[str, str] = {}
    facts: Facts = {}
    for name, kind in table.columns.items():
        if name in row:
            try:
                _demand_storable(row[name])
                facts[name] = row[name] if is_json else _VALUES[kind](_text(row[name]))
            except ValueError as problem:
                problems[name] = f"{row[name]!r}: {problem}"
    if facts.get("deprecated_from") == "":
        facts["deprecated_from"] = None
    key = _text(row.get(table.key))
    if not key:
        problems[table.key] = "this field is required."
    return key, facts, problems


def _demand_storable(value: Any) -> None:
    """Raises ValueError for text that no database takes: a NUL, or half of a surrogate pair."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("a character in it cannot be stored.")


def _text(value: Any) -> str:
    """A cell as text, without the apostrophe that keeps formulas away."""
    text = "" if value is None else str(value)
    return text[1:] if text.startswith("'") else text


def _boolean(text: str) -> bool:
    if text.lower() not in {"true", "false", "1", "0"}:
        raise ValueError("write true or false.")
    return text.lower() in {"true", "1"}


def _integer(text: str) -> int:
    number = numerals.exact(text.replace(",", ""))
    if number is None or number % 1:
        raise ValueError("write a whole number.")
    return int(number)


def _json(kind: type) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            value = json.loads(text) if text else kind()
        except ValueError as problem:
            raise ValueError(f"this is not JSON: {problem}.") from problem
        if not isinstance(value, kind):
            raise ValueError(f"write a JSON {'list' if kind is list else 'object'}.")
        return value

    return read


_VALUES: Mapping[type, Callable[[str], Any]] = {
    str: str,
    bool: _boolean,
    int: _integer,
    list: _json(list),
    dict: _json(dict),
}
