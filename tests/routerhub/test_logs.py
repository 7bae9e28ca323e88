"""Lines of the log, in both forms."""

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from routerhub.logs import OPERATION, JsonFormatter, LineFormatter

ID = UUID(int=7)
TEXT = LineFormatter("%(levelname)s %(name)s %(message)s")


@pytest.fixture
def serving() -> Iterator[None]:
    """While a request is served."""
    token = OPERATION.set(ID)
    yield
    OPERATION.reset(token)


def record(message: str, *args: object, exc_info: Any = None) -> logging.LogRecord:
    return logging.LogRecord("who", logging.INFO, __file__, 1, message, args, exc_info)


def raised() -> Any:
    try:
        try:
            raise KeyError("canary")
        except KeyError as problem:
            raise ValueError("canary") from problem
    except ValueError:
        return sys.exc_info()


def test_what_is_logged_by_anybody_while_a_request_is_served_has_its_id(serving: None) -> None:
    assert TEXT.format(record("a library says %s", "so")) == f"INFO who a library says so operation={ID}"
    assert json.loads(JsonFormatter().format(record("a library says so")))["operation"] == str(ID)


def test_a_line_that_has_the_id_already_does_not_say_it_twice(serving: None) -> None:
    assert TEXT.format(record("action=settle operation=%s", ID)) == f"INFO who action=settle operation={ID}"


def test_outside_of_requests_no_operation_is_named() -> None:
    assert TEXT.format(record("action=sweep")) == "INFO who action=sweep"
    assert "operation" not in json.loads(JsonFormatter().format(record("action=sweep")))


def test_json_has_each_pair_as_a_member_with_the_value_as_it_was_given() -> None:
    line = json.loads(
        JsonFormatter().format(record("action=settle operation=%s ms=%.1f model=%s left=%s", ID, 1.25, "a b", None))
    )
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "action": "settle", "operation": str(ID), "ms": 1.25, "model": "a b", "left": None, "level": "INFO", "logger": "who",
        "message": f"action=settle operation={ID} ms=1.2 model=a b left=None",
    }  # fmt: skip


def test_json_of_what_is_no_pair_is_its_message_alone() -> None:
    line = json.loads(JsonFormatter().format(record("GET http://x?a=%s", 3)))
    assert set(line) == {"time", "level", "logger", "message"}


def test_nothing_that_is_logged_breaks_a_line_in_two() -> None:
    assert "\n" not in JsonFormatter().format(record("action=x problem=%s", "a\nb", exc_info=raised()))


@pytest.mark.parametrize("formatter", [TEXT, JsonFormatter()])
def test_what_is_raised_while_a_request_is_served_is_told_without_its_words(
    serving: None, formatter: logging.Formatter
) -> None:
    line = formatter.format(record("action=request", exc_info=raised())).replace("\\n", "\n")
    assert "canary" not in line.replace('KeyError("canary")', "").replace('ValueError("canary")', "").replace(
        '\\"canary\\"', ""
    )
    assert line.index("\nKeyError") < line.index("From which came:") < line.index("\nValueError")
    assert f"{__file__}" in line


def test_what_is_raised_elsewhere_is_told_whole() -> None:
    assert "ValueError: canary" in TEXT.format(record("action=x", exc_info=raised()))
