"""With a provider's key in the environment the same request goes to its server: shown with one that speaks the protocol."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import openai
import pytest

from tests.stack import eventually, running_stack

pytestmark = pytest.mark.xdist_group("faults")
HELLO: list[Any] = [{"role": "user", "content": "Hello"}]


class Provider(ThreadingHTTPServer):
    """Answers like OpenAI and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Answering(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, self.headers["Authorization"], body))
        answer = {
            "id": "real", "object": "chat.completion", "created": 1, "model": body["model"],
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "real"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100},
        }  # fmt: skip
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.mark.parametrize(
    ("name", "model", "upstream_model", "limit_name"),
    [
        ("OPENAI", "openai:gpt-6.1-sol", "gpt-6.1-sol", "max_completion_tokens"),
        ("OPENROUTER", "anthropic:claude-sonnet-4", "anthropic/claude-sonnet-4", "max_tokens"),
    ],
)
def test_the_request_goes_to_the_real_server(name: str, model: str, upstream_model: str, limit_name: str) -> None:
    provider = Provider()
    threading.Thread(target=provider.serve_forever, daemon=True).start()
    env = {"SANDBOX": "auto", f"{name}_API_KEY": "sk-real", f"{name}_BASE_URL": provider.url}
    with running_stack(processes=1, **env) as stack:
        with openai.OpenAI(base_url=f"{stack.url}/v1", api_key=stack.key) as client:
            named = client.chat.completions.create(model=model, messages=HELLO, extra_body={"sandbox": {}, "top_k": 5})
            auto = client.chat.completions.create(model="auto", messages=HELLO)
        told = named.model_extra["routerhub"] if named.model_extra else {}
        assert named.choices[0].message.content == "real"
        assert (told["provider"], told["sandbox"]) == (name.lower(), False)
        path, authorization, body = provider.asked[0]
        assert (path, authorization) == ("/v1/chat/completions", "Bearer sk-real")
        assert body == {"messages": HELLO, "top_k": 5, "model": upstream_model, limit_name: 4000}
        assert auto.choices[0].message.content == "real", "models that no key reaches are no candidates"
        rows = eventually(lambda: stack.rows("SELECT cost_nano, is_sandbox FROM analytics_record ORDER BY created_at"))
        prices = {"openai:gpt-6.1-sol": 3_000_000, "anthropic:claude-sonnet-4": 4_500_000}
        assert rows[0] == (prices[model], False)
    provider.shutdown()
    provider.server_close()
