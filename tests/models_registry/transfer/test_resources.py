"""A table goes into a file and comes back as it was, in every format; a spreadsheet finds no formula in it."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from openpyxl import Workbook, load_workbook

from models_registry.catalogue import bundles as catalogue_bundles
from models_registry.catalogue.release0 import STATIC
from models_registry.errors import UnreadableFile, UnwritableFile
from models_registry.transfer.resources import FORMATS, MAX_ROWS, TABLES, read_file, read_row, write_file

MODELS, PROVIDERS = TABLES["models"], TABLES["providers"]
BUNDLE = catalogue_bundles.to_bundle(STATIC)
GPT = BUNDLE["models"]["openai:gpt-5"]
AWKWARD = [
    "=1+1", "+1", "-1", "@SUM(A1)", "'quoted'", "''", "'=1", "=cmd|' /C calc'!A0", "\t=1", "plain", " lead and trail ",
    'say "hi", twice', "two\nlines", "a;b,c\td", "naïve — 日本語 🦜 \u200f", "{not json", "[1]", "true", "1.0", "01", "\\n",
]  # fmt: skip


def there_and_back(entries: dict[str, Any], format_name: str, table: Any = MODELS) -> dict[str, Any]:
    rows = read_file(table, write_file(table, entries, format_name), format_name)
    found = {}
    for row in rows:
        key, facts, problems = read_row(table, row.cells, format_name == "json")
        assert problems == {}
        found[key] = facts
    return found


def cells(content: bytes, format_name: str) -> list[Any]:
    """Every cell of the file below the header, as a spreadsheet sees it."""
    if format_name == "csv":
        return [cell for row in list(csv.reader(io.StringIO(content.decode(), newline="")))[1:] for cell in row]
    sheet = load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    return [cell for row in list(sheet.iter_rows())[1:] for cell in row]


@pytest.mark.parametrize("format_name", FORMATS)
def test_every_model_and_provider_comes_back_as_it_was(format_name: str) -> None:
    assert there_and_back(BUNDLE["models"], format_name) == BUNDLE["models"]
    assert there_and_back(BUNDLE["providers"], format_name, PROVIDERS) == BUNDLE["providers"]


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_text_comes_back_as_it_was(format_name: str, text: str) -> None:
    facts = {**GPT, "name": text, "description": text, "benchmarks": {text: {"value": text}}}
    assert there_and_back({"openai:x": facts}, format_name) == {"openai:x": facts}


printable = some.text(some.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=40)


@pytest.mark.parametrize("format_name", FORMATS)
@given(text=printable)
def test_any_text_comes_back_as_it_was(format_name: str, text: str) -> None:
    facts = {**GPT, "description": text}
    assert there_and_back({"openai:x": facts}, format_name)["openai:x"]["description"] == text


@pytest.mark.parametrize("format_name", ["csv", "json"])
def test_a_carriage_return_comes_back_as_it_was(format_name: str) -> None:
    facts = {**GPT, "description": "one\r\ntwo\rthree"}
    assert there_and_back({"openai:x": facts}, format_name) == {"openai:x": facts}


@pytest.mark.parametrize("format_name", ["json", "csv"])
@pytest.mark.parametrize("length", [32_768, 50_000])
def test_a_text_longer_than_a_spreadsheets_cell_is_not_cut_in_silence(format_name: str, length: int) -> None:
    facts = {**GPT, "description": "x" * length}
    assert len(there_and_back({"openai:x": facts}, format_name)["openai:x"]["description"]) == length


@pytest.mark.parametrize("text", ["x" * 32_768, "a bell: \x07"])
def test_what_a_spreadsheets_cell_cannot_hold_is_refused_by_name_and_not_cut(text: str) -> None:
    with pytest.raises(UnwritableFile, match=r"openai:x: description has .*, which XLSX cannot hold"):
        write_file(MODELS, {"openai:x": {**GPT, "description": text}}, "xlsx")


@pytest.mark.parametrize("format_name", ["json", "csv"])
def test_a_control_character_does_not_stop_an_export(format_name: str) -> None:
    assert write_file(MODELS, {"openai:x": {**GPT, "description": "a bell: \x07"}}, format_name)


@pytest.mark.parametrize("format_name", ["csv", "xlsx"])
@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x","y")'])
def test_no_cell_begins_a_formula(format_name: str, text: str) -> None:
    facts = {**GPT, "name": text, "description": text, "best_for": text}
    found = cells(write_file(MODELS, {"openai:x": facts}, format_name), format_name)
    if format_name == "csv":
        assert found.count(f"'{text}") == 3
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in found)
    else:
        assert [cell.value for cell in found].count(f"'{text}") == 3
        assert {cell.data_type for cell in found} <= {"s", "n"}, "n: empty cells; f would be a formula"


def test_no_digit_of_a_price_is_lost() -> None:
    place = {**GPT["deployments"][0]}
    price = {**place["prices"][0], "rates": {"input": "0.041666666666666664", "output": "0.1"}}
    facts = {**GPT, "deployments": [{**place, "prices": [price]}]}
    for format_name in FORMATS:
        assert there_and_back({"openai:x": facts}, format_name) == {"openai:x": facts}


# --- where a row stands


def lines(content: bytes, format_name: str) -> list[tuple[int, str]]:
    return [(row.line, row.cells["id"]) for row in read_file(MODELS, content, format_name)]


def test_a_row_of_a_csv_file_knows_its_line_beside_empty_ones_and_texts_over_several() -> None:
    content = b'id,name\nopenai:a,A\n\nopenai:b,"two\nlines"\nopenai:c,C\n'
    assert lines(content, "csv") == [(2, "openai:a"), (4, "openai:b"), (6, "openai:c")]
    assert lines(content.replace(b"\n", b"\r\n"), "csv") == lines(content, "csv")


def test_a_row_of_a_spreadsheet_knows_the_number_beside_it() -> None:
    content = sheet(["id", "name"], ["openai:a", "A"], [None, None], ["openai:c", "C"])
    assert lines(content, "xlsx") == [(2, "openai:a"), (4, "openai:c")]


def test_an_object_of_a_json_file_knows_the_line_on_which_it_begins() -> None:
    content = b'[{"id": "openai:a"}, {"id":\n"openai:b", "name": "]{"},\n\n{"id": "openai:c"}\n]'
    assert lines(content, "json") == [(1, "openai:a"), (1, "openai:b"), (4, "openai:c")]
    assert lines(b"\xef\xbb\xbf" + content, "json") == lines(content, "json")
    exported = write_file(MODELS, {"openai:a": GPT, "openai:b": GPT}, "json")
    assert lines(exported, "json") == [(2, "openai:a"), (3, "openai:b")]


# --- what is refused


@pytest.mark.parametrize(
    ("format_name", "content"),
    [
        ("csv", b"\xff\xfe\x00"), ("json", b"{"), ("json", b"\xff"), ("json", b"7"), ("xlsx", b"id\nopenai:x\n"),
        ("xlsx", b"PK\x03\x04 not a zip"), ("json", b"id,name\nopenai:x,X\n"),
    ],
)  # fmt: skip
def test_a_file_of_another_format_is_refused(format_name: str, content: bytes) -> None:
    with pytest.raises(UnreadableFile, match=f"cannot be read as {format_name}"):
        read_file(MODELS, content, format_name)


def test_a_row_with_too_many_cells_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="cannot be read as csv"):
        read_file(MODELS, b"id,name\nopenai:x,X,surplus\n", "csv")


@pytest.mark.parametrize("format_name", ["csv", "xlsx"])
def test_an_unknown_column_is_named_beside_those_there_are(format_name: str) -> None:
    content = b"id,colour\nopenai:x,red\n" if format_name == "csv" else sheet(["id", "colour"], ["openai:x", "red"])
    with pytest.raises(UnreadableFile, match=r"unknown column 'colour'\. Columns: id, provider, name"):
        read_file(MODELS, content, format_name)


def test_a_file_without_ids_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="there is no column 'id'"):
        read_file(MODELS, b"name\nX\n", "csv")
    with pytest.raises(UnreadableFile, match="there is no column 'name'"):
        read_file(PROVIDERS, b"title\nX\n", "csv")


def test_a_file_of_too_many_rows_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="50,001 rows are more than 50,000"):
        read_file(MODELS, b"id\n" + b"openai:x\n" * (MAX_ROWS + 1), "csv")
    assert len(read_file(MODELS, b"id\n" + b"openai:x\n" * MAX_ROWS, "csv")) == MAX_ROWS


def test_a_missing_column_is_missing_in_the_facts() -> None:
    (row,) = read_file(MODELS, b"\xef\xbb\xbfid,name\r\nopenai:x,X\r\n", "csv")
    assert read_row(MODELS, row.cells, False) == ("openai:x", {"name": "X"}, {})


def test_a_row_without_an_id_says_so() -> None:
    assert read_row(MODELS, {"id": " "[:0], "name": "X"}, False)[2] == {"id": "this field is required."}
    assert read_row(MODELS, {"id": None}, True)[2] == {"id": "this field is required."}


@pytest.mark.parametrize(
    ("column", "cell", "message"),
    [
        ("is_pro", "maybe", "'maybe': write true or false."),
        ("context_window", "many", "'many': write a whole number."),
        ("context_window", "1.5", "'1.5': write a whole number."),
        ("context_window", "", "'': write a whole number."),
        ("capabilities", "tools", "'tools': this is not JSON"),
        ("capabilities", "{}", "'{}': write a JSON list."),
        ("benchmarks", "[]", "'[]': write a JSON object."),
    ],
)
def test_a_cell_that_makes_no_sense_is_told_by_its_column(column: str, cell: str, message: str) -> None:
    key, facts, problems = read_row(MODELS, {"id": "openai:x", "name": "X", column: cell}, False)
    assert (key, list(problems)) == ("openai:x", [column])
    assert problems[column].startswith(message)
    assert facts == {"name": "X"}


def test_cells_are_read_as_a_spreadsheet_gives_them_back() -> None:
    content = sheet(
        ["id", "context_window", "max_output", "is_pro", "deprecated_from"], ["openai:x", 128000.0, 4000, True, None]
    )
    (row,) = read_file(MODELS, content, "xlsx")
    assert read_row(MODELS, row.cells, False)[1:] == (
        {"context_window": 128000, "max_output": 4000, "is_pro": True, "deprecated_from": None}, {},
    )  # fmt: skip


def sheet(*rows: list[Any]) -> bytes:
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    "second",
    [{"best_for": "B", "id": "openai:b", "name": "N"}, {"id": "openai:b", "best_for": "B"}, {"id": "openai:b"}],
)
def test_json_rows_keep_their_own_names(second: dict[str, str]) -> None:
    """In another order, with others, with fewer: no value may reach a field that its row does not name."""
    content = json.dumps([{"id": "openai:a", "name": "A", "best_for": "C"}, second]).encode()
    rows = read_file(MODELS, content, "json")
    key, facts, problems = read_row(MODELS, rows[1].cells, True)
    assert (key, facts, problems) == ("openai:b", {name: each for name, each in second.items() if name != "id"}, {})
