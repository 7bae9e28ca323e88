"""A model for agents, as an upstream on loopback: it calls the first tool that it knows, then tells what the tool gave."""

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}


@dataclass(kw_only=True)
class AgentModel:
    """What it knows of tools, and what it was asked."""

    tools: Mapping[str, Mapping[str, Any]]
    """Arguments by a tool's name."""
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The message that it answers: a call, or what the last tool gave."""
        results = [message["content"] for message in request["messages"] if message["role"] == "tool"]
        if results:
            return {"role": "assistant", "content": f"The tool said: {results[-1]}"}
        offered = [tool["function"]["name"] for tool in request.get("tools", [])]
        for at, name in enumerate(name for name in offered if name in self.tools):
            function = {"name": name, "arguments": json.dumps(self.tools[name])}
            return {"role": "assistant", "tool_calls": [{"id": f"call_{at}", "type": "function", "function": function}]}
        return {"role": "assistant", "content": f"Nothing to call among {', '.join(offered)}. Hello!"}


@contextlib.contextmanager
def serving(tools: Mapping[str, Mapping[str, Any]]) -> Iterator[AgentModel]:
    """The model, answering at its address."""
    model = AgentModel(tools=tools)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            model.requests.append(request)
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
