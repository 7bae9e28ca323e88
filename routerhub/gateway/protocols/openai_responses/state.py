"""A response that is kept: what of it goes into the next request, and what is told when it is read again. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import orjson

from routerhub.gateway.errors import BadRequest
from routerhub.gateway.protocols import fields
from routerhub.gateway.protocols.base import ChatRequest

Item = Mapping[str, Any]
MAX_ITEMS = 100
DEFAULT_ITEMS = 20
EVENT = b"data: "
PREFIXES = {"message": "msg", "function_call": "fc", "custom_tool_call": "ctc", "reasoning": "rs"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A response and all that it answers, what it went on from included, so that one look is enough to go on from it."""

    response: Mapping[str, Any]
    input: list[Item]

    @classmethod
    def of(cls, request: ChatRequest, response: Mapping[str, Any]) -> Self:
        return cls(response=response, input=_items((request.native or {}).get("input")))

    @classmethod
    def loads(cls, content: bytes) -> Self:
        return cls(**orjson.loads(content))

    def dumps(self) -> bytes:
        return orjson.dumps({"response": self.response, "input": self.input})

    @property
    def conversation(self) -> Iterator[Item]:
        """All that was said, without ids, which mean nothing elsewhere. Reasoning goes only where it is signed."""
        for item in (*self.input, *self.response["output"]):
            if item.get("type") != "reasoning" or item.get("encrypted_content"):
                yield {name: value for name, value in item.items() if name != "id"}


def gone_on(request: ChatRequest, before: Kept) -> bytes:
    """The body that says the same with the conversation so far as part of its input."""
    raw = request.native or {}
    return orjson.dumps({**raw, "input": [*before.conversation, *_items(raw.get("input"))]})


def _items(raw: Any) -> list[Item]:
    return [{"role": "user", "content": raw}] if isinstance(raw, str) else list(raw or [])


# --- in what was written for the client


def response_in(body: bytes) -> dict[str, Any]:
    """The response object of a whole answer, or of the event that closes a stream."""
    event = _last_event(body)
    found: dict[str, Any] = orjson.loads(body) if event is None else orjson.loads(event)["response"]
    return found


def unkept(body: bytes) -> bytes:
    """The same answer or close of a stream, of a response that could not be kept."""
    event = _last_event(body)
    if event is None:
        return orjson.dumps({**orjson.loads(body), "store": False})
    told = orjson.loads(event)
    told["response"]["store"] = False
    return body[: -len(event) - 2] + orjson.dumps(told) + b"\n\n"


def _last_event(body: bytes) -> bytes | None:
    """What the last event of a stream says; None where the body is a whole answer."""
    _before, mark, event = body.rpartition(b"\n" + EVENT)
    return event.rstrip() if mark else None


# --- its input, item by item


def listed(kept: Kept, query: Mapping[str, str]) -> dict[str, Any]:
    """A page of the input items. Raises BadRequest."""
    order, after = query.get("order", "desc"), query.get("after")
    if order not in {"asc", "desc"}:
        raise fields.wrong("order", order, "asc or desc")
    limit = query.get("limit", str(DEFAULT_ITEMS))
    if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit) <= MAX_ITEMS:
        raise fields.wrong("limit", limit, f"a whole number from 1 to {MAX_ITEMS}")
    own = kept.response["id"].partition("_")[2]
    items = [_listed(item, own, at) for at, item in enumerate(kept.input)]
    if order == "desc":
        items.reverse()
    begin = 0
    if after is not None:
        begin = 1 + next((at for at, item in enumerate(items) if item["id"] == after), -2)
        if begin < 0:
            raise BadRequest(f"after: there is no item {after!r} in this response.", "after")
    page = items[begin : begin + int(limit)]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": len(items) > begin + len(page),
    }


def _listed(item: Item, own: str, at: int) -> dict[str, Any]:
    """An item as it is told: with an id, and a message's content in parts."""
    kind = item.get("type", "message")
    told = {"type": kind, "id": f"{PREFIXES.get(kind, 'item')}_{own}_in{at}", **item}
    if kind == "message":
        told.setdefault("status", "completed")
        if isinstance(item["content"], str):
            part = "output_text" if item["role"] == "assistant" else "input_text"
            extra: dict[str, Any] = {"annotations": [], "logprobs": []} if part == "output_text" else {}
            told["content"] = [{"type": part, "text": item["content"], **extra}]
    return told
