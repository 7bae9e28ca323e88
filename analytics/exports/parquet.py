"""Rows as Parquet, by row groups. pyarrow is large and not everybody's: it is loaded when a file is written so."""

import importlib
import importlib.util
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from analytics.exports.types import About, Column
from budgets.types import to_usd

GROUP = 20_000
"""Rows that are in memory together."""
DIGITS, DECIMALS = 28, 9


def is_installed() -> bool:
    return importlib.util.find_spec("pyarrow") is not None


def as_parquet(rows: Iterable[Mapping[str, Any]], columns: Sequence[Column], about: About) -> Iterator[bytes]:
    """Dollars are decimals, times have their zone in their type; what the file says of itself stands in its metadata."""
    arrow, files = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    schema = arrow.schema([(each.name, _type(arrow, each, about)) for each in columns], about.lines())
    written = _Written()
    with files.ParquetWriter(written, schema, compression="zstd") as writer:
        remaining = iter(rows)
        while some := list(islice(remaining, GROUP)):
            values = [[_value(row[each.source], each) for row in some] for each in columns]
            arrays = [arrow.array(each, field.type) for each, field in zip(values, schema, strict=True)]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))
            yield written.taken()
    yield written.taken()


def _type(arrow: Any, column: Column, about: About) -> Any:
    return {
        "text": arrow.string, "integer": arrow.int64, "number": arrow.float64, "flag": arrow.bool_, "object": arrow.string,
        "money": lambda: arrow.decimal128(DIGITS, DECIMALS), "moment": lambda: arrow.timestamp("us", about.zone),
        "words": lambda: arrow.list_(arrow.string()),
    }[column.kind]()  # fmt: skip


def _value(value: Any, column: Column) -> Any:
    if value is None:
        return None
    if column.kind == "money":
        return to_usd(value)
    if column.kind == "object":
        return json.dumps(value, ensure_ascii=False)
    return str(value) if column.kind == "text" else value


class _Written:
    """What the writer takes for a file, and what was written to it since it was taken last."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._length = 0

    def write(self, part: Any) -> int:
        self._parts.append(bytes(part))
        self._length += len(part)
        return len(part)

    def tell(self) -> int:
        return self._length

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """What is written stays until it is taken."""

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)
