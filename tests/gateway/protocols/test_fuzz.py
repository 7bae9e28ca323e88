"""Whatever a client writes into a field or a header is answered or refused by its name; nothing breaks inside."""

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerhub.gateway.protocols.controls import HEADER, read_controls
from tests.gateway.exchange import CHAT, HELLO, Exchange

FIELDS = [
    "messages", "model", "stream", "stream_options", "n", "temperature", "top_p", "max_tokens", "max_completion_tokens",
    "tools", "response_format", "routerhub", "sandbox", "seed", "unheard_of",
]  # fmt: skip
CONTROLS = [
    "task_type", "policy", "priority", "session", "previous_model", "candidates", "max_cost_usd", "max_latency_ms", "tags",
    "dry_run",
]  # fmt: skip


def nested(depth: int) -> Any:
    inside: Any = {}
    for _ in range(depth):
        inside = {"a": inside}
    return inside


NASTY: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**30, 0.5, -0.0, 1e-300, 1e300, "", " ", "a", "\0", "\u2028", "\u202e", "\u0663",
    "\uff11", "²", "9" * 5_000, "1E-999999999", "1E+999999999", "NaN", "Infinity", "-1", "1_000", " 1 ", "0x1", "true",
    "x" * 100_000, "\U0001f9ff", "'; DROP TABLE budgets_hold; --", "policy:", "policy:\0", "acme:small", [], [[]], [None],
    ["a"] * 1_000, {}, {"": ""}, {"type": []}, {"type": None}, {"type": {}}, {"include_usage": []}, nested(100), nested(251),
    [{"role": "user", "content": [{"type": [], "text": {}, "image_url": [], "input_audio": {"data": 5}}]}],
    [{"role": "assistant", "content": None, "tool_calls": 5, "name": []}], [{"function": {"name": [], "parameters": 1}}],
]  # fmt: skip
TEXT = st.text(max_size=50)
VALUES = st.sampled_from(NASTY) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(TEXT, inside, max_size=4),
    max_leaves=12,
)
HEADER_VALUES = st.sampled_from([each for each in NASTY if isinstance(each, str)]) | TEXT


def told(body: Mapping[str, Any], headers: Mapping[str, str], path: str = CHAT) -> Exchange:
    """Ask, and look at the answer."""
    exchange = Exchange(max_body_bytes=2_000_000)
    sent = {name: value.encode().decode("latin-1") for name, value in headers.items()}
    asyncio.run(exchange.ask(json.dumps(body).encode(), path, headers=sent))
    assert exchange.status < 500 or exchange.status in {502, 503, 504}, exchange.body
    if exchange.status == 400:
        details = exchange.error.get("details", exchange.error)
        if details.get("error_code", details.get("code")) == "invalid_value":
            assert details["param"] is not None, "the field is named, whose name may be empty"
            assert re.search("allowed|not supported", exchange.error["message"].lower())
    for spend in exchange.ledger.asked:
        texts = [value for value in spend.request if isinstance(value, str)]
        assert all("\0" not in text and text.encode() is not None for text in texts), "the database can take it"
    return exchange


@pytest.mark.parametrize("field", FIELDS)
def test_no_nasty_value_of_a_field_breaks_anything(field: str) -> None:
    for value in NASTY:
        told({**HELLO, field: value}, {})


@pytest.mark.parametrize("control", CONTROLS)
def test_no_nasty_value_of_a_control_breaks_anything_in_the_body_nor_in_a_header(control: str) -> None:
    for value in NASTY:
        told({**HELLO, "routerhub": {control: value}}, {})
        if isinstance(value, str):
            told(HELLO, {HEADER + control.replace("_", "-"): value})


@given(st.dictionaries(st.sampled_from(FIELDS) | TEXT, VALUES, max_size=6))
def test_no_body_breaks_anything(body: dict[str, Any]) -> None:
    told({**HELLO, **body}, {})


MESSAGES, RESPONSES = "/v1/messages", "/v1/responses"
DIALECTS: dict[str, tuple[dict[str, Any], list[str]]] = {
    MESSAGES: (
        {**HELLO, "max_tokens": 50},
        ["messages", "model", "max_tokens", "system", "tools", "tool_choice", "thinking", "output_config", "stop_sequences",
         "temperature", "top_p", "stream", "thread", "metadata", "routerhub", "sandbox"],
    ),
    RESPONSES: (
        {"input": "Hello"},
        ["input", "model", "instructions", "max_output_tokens", "tools", "tool_choice", "text", "metadata", "include", "stream",
         "store", "reasoning", "previous_response_id", "temperature", "top_p", "routerhub", "sandbox"],
    ),
}  # fmt: skip
BLOCKS: list[Any] = [
    {"type": "text"}, {"type": "text", "text": []}, {"type": "image"}, {"type": "image", "source": {"type": "base64"}},
    {"type": "document", "source": {"type": "content", "content": [{}]}}, {"type": "search_result", "content": 5},
    {"type": "tool_use", "id": 5, "name": "f", "input": []}, {"type": "tool_result", "tool_use_id": None, "content": [[]]},
    {"type": "input_image"}, {"type": "input_file", "file_data": "x"}, {"type": "input_audio"}, {"type": "refusal"}, [], None, 7,
]  # fmt: skip
ITEMS: list[Any] = [
    {"type": "function_call"}, {"type": "function_call", "call_id": "c", "name": "f", "arguments": {}},
    {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{", "namespace": 5},
    {"type": "function_call_output", "call_id": "c", "output": {}}, {"type": "custom_tool_call_output", "output": [None]},
    {"type": "reasoning"}, {"type": "item_reference", "id": "x"}, {"type": {}}, {"role": "user"}, {"role": [], "content": "x"},
]  # fmt: skip
TOOLS: list[Any] = [
    {"type": "function", "name": "f", "parameters": []}, {"type": "namespace", "name": "n", "tools": [5]}, {"type": "custom"},
    {"name": "f", "input_schema": None}, {"name": [], "input_schema": {}}, {"type": "web_search_20250305", "name": "w"},
    {"type": "custom", "name": "f", "format": {"definition": 5}}, {"type": "function", "name": "f", "strict": "yes"},
]  # fmt: skip


@pytest.mark.parametrize("path", DIALECTS)
def test_no_nasty_value_breaks_another_dialect(path: str) -> None:
    good, fields = DIALECTS[path]
    for field in fields:
        for value in NASTY:
            told({**good, field: value}, {}, path)


@pytest.mark.parametrize("path", DIALECTS)
def test_no_nasty_block_item_or_tool_breaks_another_dialect(path: str) -> None:
    good, (name, *_) = DIALECTS[path]
    for block in BLOCKS:
        for role in ("user", "assistant", "system"):
            told({**good, name: [{"role": role, "content": [block]}]}, {}, path)
    for item in ITEMS:
        told({**good, name: [item]}, {}, path)
    for tool in TOOLS:
        told({**good, "tools": [tool]}, {}, path)
        told({**good, "tools": [tool], "tool_choice": {"type": "function", "name": "f"}, "stream": True}, {}, path)


@given(st.sampled_from(sorted(DIALECTS)), st.data())
def test_no_body_breaks_another_dialect(path: str, data: st.DataObject) -> None:
    good, fields = DIALECTS[path]
    told({**good, **data.draw(st.dictionaries(st.sampled_from(fields) | TEXT, VALUES, max_size=6))}, {}, path)


@given(
    st.dictionaries(st.sampled_from(CONTROLS), VALUES, max_size=4),
    st.dictionaries(
        st.sampled_from([HEADER + each.replace("_", "-") for each in CONTROLS] + ["user-agent", "x-forwarded-for"]),
        HEADER_VALUES,
        max_size=4,
    ),
)
def test_no_controls_break_anything(controls: dict[str, Any], headers: dict[str, str]) -> None:
    told({**HELLO, "routerhub": controls}, headers)


@pytest.mark.parametrize(
    "body", [b"", b"null", b"1", b"[" * 100_000, b"\xef\xbb\xbf{}", b'{"a":"\xff"}', b'{"n":1e999}']
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    exchange = Exchange(max_body_bytes=2_000_000)
    asyncio.run(exchange.ask(body))
    assert (exchange.status, exchange.error["code"]) == (400, "invalid_json")


@pytest.mark.parametrize(
    ("body", "param", "given"),
    [
        ({"unheard_of": nested(251)}, "unheard_of", "depth of 128"),
        ({"response_format": {"type": []}}, "response_format.type", "[] was given"),
        ({"routerhub": {"max_cost_usd": "1E-999999999"}}, "routerhub.max_cost_usd", "'1E-999999999' was given"),
        ({"routerhub": {"max_cost_usd": "\uff11"}}, "routerhub.max_cost_usd", "'\uff11' was given"),
    ],
)
def test_what_once_broke_is_refused_by_its_name(body: dict[str, Any], param: str, given: str) -> None:
    exchange = told({**HELLO, **body}, {})
    assert (exchange.status, exchange.error["param"]) == (400, param)
    assert given in exchange.error["message"]


@pytest.mark.parametrize("digits", ["²", "\u0663", "\uff11", "9" * 5_000, "1e3", "-1", "+1", " "])
def test_a_number_in_a_header_is_of_plain_digits(digits: str) -> None:
    exchange = told(HELLO, {"x-routerhub-max-latency-ms": digits})
    assert (exchange.status, exchange.error["param"]) == (400, "routerhub.max_latency_ms")


@pytest.mark.parametrize("digits", ["²", "\u0663", "9" * 5_000, "1001", "-1", ""])
@pytest.mark.parametrize("name", ["limit", "offset"])
def test_a_number_in_a_query_is_of_plain_digits(name: str, digits: str) -> None:
    exchange = Exchange()
    asyncio.run(exchange.ask(b"", "/v1/models", "GET", query={name: digits}))
    assert (exchange.status, exchange.error["param"]) == (400, name)
    assert "allowed is a whole number from 0 to 1,000" in exchange.error["message"]


@given(st.decimals(0, 1_000_000, places=9))
def test_every_amount_of_dollars_is_taken_exactly(amount: Any) -> None:
    assert read_controls({"max_cost_usd": f"{amount:f}"}, {}).max_cost_usd == amount
    assert read_controls(orjson.loads(b'{"max_cost_usd":%f}' % amount), {}).max_cost_usd is not None
