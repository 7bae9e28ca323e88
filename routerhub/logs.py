"""Lines of the log: one for each event, with `action=` and what belongs to it, as text or as JSON.

Whatever is logged while a request is served carries its operation id, whoever logs it. Tasks that it starts inherit that.
"""

import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

OPERATION: ContextVar[UUID | None] = ContextVar("operation", default=None)
"""The request that is being served."""
PAIR = re.compile(r"(\w+)=(%[-+.\d]*[a-z]|\S+)")
"""A pair in a message's template: `action=settle` or `ms=%.1f`."""


class LineFormatter(logging.Formatter):
    """Text: time, level, who logs, what happened and, at its end, the operation."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        line = super().formatMessage(record)
        operation = OPERATION.get()
        return line if operation is None or f"operation={operation}" in line else f"{line} operation={operation}"


class JsonFormatter(logging.Formatter):
    """A JSON object: the same, and each pair of the message as a member of its own."""

    def format(self, record: logging.LogRecord) -> str:
        operation = OPERATION.get()
        told: dict[str, Any] = {
            **({"operation": str(operation)} if operation else {}),
            **pairs(record),
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(told, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def pairs(record: logging.LogRecord) -> dict[str, Any]:
    """What a message says in pairs, with the values as they were given. None of one that does not begin with `action=`."""
    template = str(record.msg)
    if not template.startswith("action="):
        return {}
    values = iter(record.args if isinstance(record.args, tuple) else ())
    found = ((name, next(values, None) if told.startswith("%") else told) for name, told in PAIR.findall(template))
    return {name: value if isinstance(value, int | float | str) else str(value) for name, value in found}
