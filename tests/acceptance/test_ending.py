"""A gateway process that is told to end, beside those of the shared stack."""

import json
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from routerhub.embedded.processes import Child, free_port
from tests.stack import Stack, eventually, gateway, wait_until_ready

pytestmark = pytest.mark.xdist_group("stack")
WORDS = 30


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def child(stack: Stack, port: int, tmp_path: Path) -> Iterator[Child]:
    """One more process, that takes two seconds to be forgotten."""
    made = gateway(tmp_path, {**stack.env, "DRAIN_S": "2", "METRICS_DIR": str(tmp_path / "metrics")}, port)
    made.start()
    wait_until_ready(f"http://127.0.0.1:{port}", made)
    yield made
    made.stop()


def test_it_says_so_serves_on_finishes_its_stream_and_is_gone(stack: Stack, child: Child, port: int) -> None:
    url = f"http://127.0.0.1:{port}"
    script = {"output_tokens": WORDS, "chunk_delay_ms": 100}
    body = {
        "model": "auto", "stream": True, "sandbox": script, "messages": [{"role": "user", "content": "Hello"}],
        "routerhub": {"tags": ["ending"]},
    }  # fmt: skip
    headers = {"Authorization": f"Bearer {stack.key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/v1/chat/completions", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as stream:
        first = stream.readline()
        read: list[bytes] = []
        reading = threading.Thread(target=lambda: read.append(stream.read()))
        reading.start()
        process = child.process
        assert process is not None
        process.terminate()
        status, told = eventually(lambda: (found := stack.call("/readyz", url=url))[0] == 503 and found)
        assert (status, told["checks"]["process"]) == (503, "is about to end")
        assert stack.call("/healthz", url=url)[0] == 200
        assert stack.call("/v1/chat/completions", {**body, "stream": False, "sandbox": {}}, url=url)[0] == 200
        reading.join()
    text = (first + read[0]).decode()
    assert text.endswith("data: [DONE]\n\n")
    assert '"finish_reason":"stop"' in text
    process.wait(20)
    assert "Finished server process" in child.log.read_text()
    query = "SELECT outcome FROM analytics_record WHERE 'ending' = ANY (tags)"
    assert stack.rows(query) == [("success",), ("success",)]
    assert "Traceback" not in child.log.read_text()
