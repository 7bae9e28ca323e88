"""The bench's upstream: answers every chat completion at once, whole or streamed, as an OpenAI server would.

A bare protocol, so that it costs the machine as little as it can. Each event of a stream is a write of its own, as with
a model that writes word by word. `python -m tests.bench.upstream --port 9000`.
"""

import argparse
import asyncio
import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import httptools
import orjson
import uvloop

LAST_WORD = "finis."
TEXT = (
    f"Pay the oldest invoice first, call the two clients who wait, and write down what each of them said, {LAST_WORD}"
)
WORDS = [word if at == 0 else f" {word}" for at, word in enumerate(TEXT.split(" "))]
USAGE = {"prompt_tokens": 150, "completion_tokens": len(WORDS), "total_tokens": 150 + len(WORDS)}
CREATED = 1_760_000_000
ID = "chatcmpl-000000000000"
"""Stands in the templates where each answer gets its own, equally long."""
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
STREAM_END = b"0\r\n\r\n"
MAX_MODELS = 1_024


@dataclass(frozen=True, kw_only=True, slots=True)
class Templates:
    """What is sent for one model name: a whole answer, and the events of a stream. Each is to be given an id with `%`."""

    whole: bytes
    events: Sequence[bytes]
    usage_event: bytes


@functools.lru_cache(maxsize=MAX_MODELS)
def templates(model: str, usage: bool) -> Templates:
    """`usage`: whether the stream was asked to end with its usage; then every chunk has the field."""
    head = {"id": ID, "object": "chat.completion", "created": CREATED, "model": model}
    message = {"role": "assistant", "content": TEXT, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    chunk = {**head, "object": "chat.completion.chunk", **({"usage": None} if usage else {})}
    return Templates(
        whole=_template(_response(200, {**head, "choices": [choice], "usage": USAGE})),
        events=[_event({**chunk, "choices": [choice]}) for choice in _choices()],
        usage_event=_event({**chunk, "choices": [], "usage": USAGE}),
    )


def _choices() -> Iterator[dict[str, Any]]:
    """The choice of each chunk: who speaks, the words, why it ends."""
    for delta in ({"role": "assistant", "content": ""}, *({"content": word} for word in WORDS)):
        yield {"index": 0, "delta": delta, "finish_reason": None}
    yield {"index": 0, "delta": {}, "finish_reason": "stop"}


def _event(chunk: dict[str, Any]) -> bytes:
    return _template(_chunked(b"data: " + orjson.dumps(chunk) + b"\n\n"))


def _chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _template(data: bytes) -> bytes:
    return data.replace(b"%", b"%%").replace(ID.encode(), b"chatcmpl-%012d")


def _response(status: int, body: Any) -> bytes:
    data = orjson.dumps(body)
    return b"HTTP/1.1 %d -\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (
        status,
        len(data),
        data,
    )


def _refusal(status: int, message: str) -> bytes:
    return _response(status, {"error": {"message": message, "type": "invalid_request_error"}})


class Upstream(asyncio.Protocol):
    """One connection, kept open."""

    numbers = itertools.count(1)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.close()

    def on_message_begin(self) -> None:
        self.url, self.body = b"", b""

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_body(self, piece: bytes) -> None:
        self.body += piece

    def on_message_complete(self) -> None:
        if self.url == b"/healthz":
            self.transport.write(_response(200, {"status": "ok"}))
        elif self.url != b"/v1/chat/completions":
            self.transport.write(_refusal(404, f"There is nothing at {self.url.decode(errors='replace')}."))
        else:
            self._answer()

    def _answer(self) -> None:
        try:
            request = orjson.loads(self.body)
            model, usage = request["model"], bool((request.get("stream_options") or {}).get("include_usage"))
            found = templates(model, usage)
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as problem:
            self.transport.write(_refusal(400, f"This is no chat completion: {problem!r}."))
            return
        number = next(self.numbers)
        if request.get("stream"):
            self._send(iter([STREAM_HEAD, *self._events(found, usage, number), STREAM_END]))
        else:
            self.transport.write(found.whole % number)

    @staticmethod
    def _events(found: Templates, usage: bool, number: int) -> Iterator[bytes]:
        for event in found.events:
            yield event % number
        if usage:
            yield found.usage_event % number
        yield _chunked(b"data: [DONE]\n\n")

    def _send(self, pieces: Iterator[bytes]) -> None:
        """The next piece now, the one after it in the next turn of the loop: else the loop would send all as one."""
        piece = next(pieces, None)
        if piece is not None and not self.transport.is_closing():
            self.transport.write(piece)
            asyncio.get_running_loop().call_soon(self._send, pieces)


async def serve(port: int) -> asyncio.Server:
    """A server on the loopback; 0 takes a free port."""
    return await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port, backlog=1_024)


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    await (await serve(parser.parse_args().port)).serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
