"""The peers: LiteLLM's proxy and Portkey's gateway, at versions that are named here.

They run without this process's environment: what they are not given, they cannot send anywhere.
"""

import contextlib
import json
import os
import secrets
import signal
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from routerhub.embedded.processes import Child, free_port
from tests.bench.results import LITELLM, PORTKEY, Line
from tests.bench.subjects import FIRST_ANSWER_WAIT_S, UPSTREAM_MODEL, Subject, pid_of, running, wait_for_answer
from tests.installing import installed, node_project, program, python_package

LITELLM_PACKAGE = "litellm[proxy]==1.108.7"
PORTKEY_PACKAGE = "@portkey-ai/gateway@1.15.2"
PORTKEY_MANIFEST = {
    "private": True,
    "dependencies": {"@portkey-ai/gateway": "1.15.2"},
    # With a newer server, every streamed answer of this version is a 500 (TypeError: immutable).
    "overrides": {"@hono/node-server": "1.14.1", "@hono/node-ws": "1.1.7"},
}
LITELLM_WORKERS = 2
LOOPBACK = Path(__file__).with_name("loopback.cjs")


@contextlib.contextmanager
def litellm(folder: Path, upstream_url: str) -> Iterator[Subject]:
    """LiteLLM's proxy with two workers and no database. Raises NotInstalled, NoAnswer."""
    home = installed("litellm", LITELLM_PACKAGE, partial(python_package, LITELLM_PACKAGE))
    port, key = free_port(), f"sk-{secrets.token_hex(24)}"
    command = [str(home / "bin" / "litellm"), "--config", str(_litellm_config(folder, upstream_url))]
    command += ["--host", "127.0.0.1", "--port", str(port), "--num_workers", str(LITELLM_WORKERS)]
    # Its supervisor kills workers that say nothing for 5 s, as they do while they start on busy cores: again and again.
    command += ["--timeout_worker_healthcheck", str(FIRST_ANSWER_WAIT_S)]
    env = {
        "LITELLM_MASTER_KEY": key,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_MODE": "PRODUCTION",
        "LITELLM_LOG": "ERROR",
    }
    child = _child(LITELLM, folder, env, command)
    with _answering(child, LITELLM_WORKERS, port, {"Authorization": f"Bearer {key}"}) as subject:
        yield subject


def _litellm_config(folder: Path, upstream_url: str) -> Path:
    model = {"model": f"openai/{UPSTREAM_MODEL}", "api_base": upstream_url, "api_key": "bench"}
    models = [{"model_name": UPSTREAM_MODEL, "litellm_params": model}]
    file = folder / "litellm.json"
    file.write_text(json.dumps({"model_list": models, "litellm_settings": {"telemetry": False}}))
    return file


@contextlib.contextmanager
def portkey(folder: Path, upstream_url: str) -> Iterator[Subject]:
    """Portkey's gateway: one Node process. Raises NotInstalled, NoAnswer."""
    home = installed("portkey", PORTKEY_PACKAGE, partial(node_project, PORTKEY_MANIFEST))
    port = free_port()
    start = home / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    command = [program("node"), "--require", str(LOOPBACK), str(start), "--headless", f"--port={port}"]
    headers = {
        "Authorization": "Bearer bench",
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": upstream_url,
    }
    with _answering(_child(PORTKEY, folder, {"NODE_ENV": "production"}, command), 1, port, headers) as subject:
        yield subject


def _child(name: str, folder: Path, env: Mapping[str, str], command: list[str]) -> Child:
    """A peer's main process, with this environment and no other."""
    clean = ["env", "-i", f"PATH={os.environ['PATH']}", f"HOME={folder}", *(f"{key}={env[key]}" for key in env)]
    return Child(name=name, command=[*clean, *command], log=folder / f"{name}.log")


@contextlib.contextmanager
def _answering(child: Child, processes: int, port: int, headers: Mapping[str, str]) -> Iterator[Subject]:
    with running(child):
        subject = Subject(
            line=Line(product=child.name, processes=processes),
            urls=[f"http://127.0.0.1:{port}/v1"],
            headers=headers,
            model=UPSTREAM_MODEL,
            pids=[pid_of(child)],
        )
        try:
            wait_for_answer(subject, [child])
            yield subject
        finally:
            child.stop()
            # Its workers may outlive its main process.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid_of(child), signal.SIGKILL)
