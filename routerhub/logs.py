"""Lines of the log: one for each event, with `action=` and what belongs to it, as text or as JSON.

Whatever is logged while a request is served carries its operation id, whoever logs it. Tasks that it starts inherit that.
What was raised meanwhile is told without its words, since these may quote the request: by its class, and where.
"""

import json
import logging
import re
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

OPERATION: ContextVar[UUID | None] = ContextVar("operation", default=None)
"""The request that is being served."""
PAIR = re.compile(r"(\w+)=(%[-+.\d]*[a-z]|\S+)")
"""A pair in a message's template: `action=settle` or `ms=%.1f`."""


class DiscreetFormatter(logging.Formatter):
    """Tells what was raised without its words while a request is served."""

    def formatException(self, ei: Any) -> str:
        return super().formatException(ei) if OPERATION.get() is None else frames(ei[1])


class LineFormatter(DiscreetFormatter):
    """Text: time, level, who logs, what happened and, at its end, the operation."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        line = super().formatMessage(record)
        operation = OPERATION.get()
        return line if operation is None or f"operation={operation}" in line else f"{line} operation={operation}"


class JsonFormatter(DiscreetFormatter):
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
        return json.dumps(told)


def pairs(record: logging.LogRecord) -> dict[str, Any]:
    """What a message says in pairs, with the values as they were given. None of one that does not begin with `action=`."""
    template = str(record.msg)
    if not template.startswith("action="):
        return {}
    values = iter(record.args if isinstance(record.args, tuple) else ())
    found = ((name, next(values, None) if told.startswith("%") else told) for name, told in PAIR.findall(template))
    return {name: value if isinstance(value, int | float | str | None) else str(value) for name, value in found}


def frames(error: BaseException) -> str:
    """Where it was raised, and its class; what it came from first."""
    told = "".join(
        ["Traceback (most recent call last):\n", *traceback.format_tb(error.__traceback__), type(error).__qualname__]
    )
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return told if cause is None else f"{frames(cause)}\n\nFrom which came:\n\n{told}"
