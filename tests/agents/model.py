"""A model for agents, as an upstream on loopback: it calls the first tool that it knows, then tells what it gave."""

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}


@dataclass(kw_only=True)
class AgentModel:
    """What it knows of tools, what it thinks, and what it was asked."""

    tools: Mapping[str, Sequence[Mapping[str, Any]]]
    """Arguments by a tool's name: of all the calls of it that are made at once."""
    reasoning: str = ""
    """What it thinks before it says anything."""
    hangs: bool = False
    """Whether it says a word and then nothing, until its client leaves."""
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    was_left: threading.Event = field(default_factory=threading.Event)
    """A client left while it hung."""

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The message that it answers: calls, or what the last tools gave."""
        thought = {"reasoning_content": self.reasoning} if self.reasoning else {}
        results: list[str] = []
        for message in request["messages"]:
            if message["role"] == "assistant":
                results = []
            elif message["role"] == "tool":
                results.append(message["content"])
        if results:
            return {"role": "assistant", **thought, "content": f"The tool said: {' and '.join(results)}"}
        offered = [tool["function"]["name"] for tool in request.get("tools", [])]
        for name in [name for name in self.tools if name in offered]:
            calls = [
                {"id": f"call_{at}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
                for at, arguments in enumerate(self.tools[name])
            ]
            return {"role": "assistant", **thought, "tool_calls": calls}
        return {"role": "assistant", **thought, "content": f"Nothing to call among {', '.join(offered)}. Hello!"}


@contextlib.contextmanager
def serving(tools: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[AgentModel]:
    """The model, answering at its address."""
    model = AgentModel(tools=tools)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            model.requests.append(request)
            if model.hangs:
                self._hang()
                return
            message = model.answer(request)
            finish = "tool_calls" if "tool_calls" in message else "stop"
            if not request.get("stream"):
                choice = {"index": 0, "message": message, "finish_reason": finish}
                self._send("application/json", json.dumps({"choices": [choice], "usage": USAGE}).encode())
                return
            for at, call in enumerate(message.get("tool_calls", [])):
                call["index"] = at
            chunks = [
                {"choices": [{"index": 0, "delta": message, "finish_reason": None}]},
                {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]},
                {"choices": [], "usage": USAGE},
            ]
            events = b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks)
            self._send("text/event-stream", events + b"data: [DONE]\n\n")

        def _hang(self) -> None:
            """A first word of a stream, and nothing more; the client sends nothing but its leaving."""
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            word = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "Well"}, "finish_reason": None}]}
            self.wfile.write(b"data: " + json.dumps(word).encode() + b"\n\n")
            self.connection.recv(1)
            self.close_connection = True
            model.was_left.set()

        def _send(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        model.url = f"http://127.0.0.1:{server.server_port}/v1"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield model
        finally:
            server.shutdown()
