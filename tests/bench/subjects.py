"""What is measured: the bare pass-through and RouterHub, each as processes of its own; and the upstream of all."""

import contextlib
import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from routerhub.embedded.processes import Child, free_port
from tests.bench import settings as bench_settings
from tests.bench.load import STREAMED, WHOLE, Answer, body_of, fault
from tests.bench.results import PASS_THROUGH, ROUTERHUB, Line
from tests.stack import Stack, running_stack

UPSTREAM_MODEL = "gpt-4o-mini"
FIRST_ANSWER_WAIT_S = 240
"""LiteLLM takes half a minute to start on cores of its own, and several where others work too."""
SERVER = ("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning")
"""As tests.stack starts RouterHub."""
LIMIT_USD = 1_000_000
LIMIT_OF_ACCOUNT = """
from budgets.models import Account, Limit
account = Account.objects.get(slug="bench")
Limit.objects.create(kind="account", subject=str(account.pk), measure="money", period="month", amount={nano})
"""


class NoAnswer(Exception):
    """A subject does not answer as it should. The message says in one line what it did instead; `log` ends its log."""

    def __init__(self, message: str, log: str) -> None:
        super().__init__(message)
        self.log = log


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """Something that answers chat completions, and the processes that do it."""

    line: Line
    urls: Sequence[str]
    """Of each process, up to /v1; one where the processes share it."""
    headers: Mapping[str, str]
    model: str
    pids: Sequence[int]
    """The roots of its process trees."""
    database_pids: Sequence[int] = ()
    """The root of its database's; none where it has none, or one that the bench did not start."""


@contextlib.contextmanager
def running(child: Child) -> Iterator[Child]:
    try:
        child.start()
        yield child
    finally:
        child.stop()


def pid_of(child: Child) -> int:
    assert child.process is not None
    return child.process.pid


@contextlib.contextmanager
def upstream(folder: Path) -> Iterator[Subject]:
    """The one upstream, answering."""
    port = free_port()
    child = _python("upstream", folder, {}, "tests.bench.upstream", "--port", str(port))
    url = f"http://127.0.0.1:{port}/v1"
    with running(child):
        line = Line(product="upstream", processes=1)
        found = Subject(line=line, urls=[url], headers={}, model=UPSTREAM_MODEL, pids=[pid_of(child)])
        wait_for_answer(found, [child])
        yield found


@contextlib.contextmanager
def pass_through(folder: Path, upstream_url: str, counts: Sequence[int]) -> Iterator[list[Subject]]:
    """The pass-through once for each count of processes. The largest count runs; the others use some of them."""
    ports = [free_port() for _ in range(max(counts))]
    env = {"UPSTREAM_URL": upstream_url}
    with contextlib.ExitStack() as stack:
        children = [
            stack.enter_context(
                running(
                    _python(
                        f"pass-through-{port}", folder, env,
                        "uvicorn", "tests.bench.passthrough:application", "--port", str(port), *SERVER,
                    )
                )
            )
            for port in ports
        ]  # fmt: skip
        found = [
            Subject(
                line=Line(product=PASS_THROUGH, processes=count),
                urls=[f"http://127.0.0.1:{port}/v1" for port in ports[:count]],
                headers={},
                model=UPSTREAM_MODEL,
                pids=[pid_of(child) for child in children[:count]],
            )
            for count in counts
        ]
        wait_for_answer(found[-1], children)
        yield found


@contextlib.contextmanager
def routerhub(upstream_url: str, counts: Sequence[int]) -> Iterator[tuple[Stack, list[Subject]]]:
    """RouterHub once for each count of processes, on a PostgreSQL that waits for the disk, with two limits that apply.

    Its models are reached as they are in production: through OpenAI and OpenRouter, which both are the upstream here.
    """
    real = {
        "SANDBOX": "off",
        "OPENAI_API_KEY": "bench",
        "OPENAI_BASE_URL": upstream_url,
        "OPENROUTER_API_KEY": "bench",
        "OPENROUTER_BASE_URL": upstream_url,
    }
    with running_stack(processes=max(counts), LOG_LEVEL="WARNING", **real) as stack:
        gateways = list(stack.gateways)
        headers = {"Authorization": f"Bearer {_limited_key(stack)}"}
        found = [
            Subject(
                line=Line(product=ROUTERHUB, processes=count),
                urls=[f"{url}/v1" for url in stack.urls[:count]],
                headers=headers,
                model="auto",
                pids=[pid_of(child) for child in gateways[:count]],
                database_pids=_database_pids(),
            )
            for count in counts
        ]
        wait_for_answer(found[-1], gateways)
        yield stack, found


def _limited_key(stack: Stack) -> str:
    """A key with a monthly limit, of an account with another."""
    options = ["--account=bench", "--create-account", "--name=bench", f"--limit-usd={LIMIT_USD}", "--json"]
    key: str = json.loads(stack.manage("create_api_key", *options))["key"]
    stack.manage("shell", "--verbosity=0", "-c", LIMIT_OF_ACCOUNT.format(nano=LIMIT_USD * 10**9))
    return key


def _database_pids() -> list[int]:
    """The server that the bench's settings started; none when DATABASE_URL named another."""
    server = getattr(bench_settings, "server", None)
    return [pid_of(server.child)] if server else []


def _python(name: str, folder: Path, env: Mapping[str, str], module: str, *arguments: str) -> Child:
    command = [sys.executable, "-m", module, *arguments]
    return Child(name=name, command=command, log=folder / f"{name}.log", env=env)


def wait_for_answer(subject: Subject, children: Sequence[Child]) -> None:
    """Until each process gives right answers, whole and streamed. Raises NoAnswer."""
    deadline = time.monotonic() + FIRST_ANSWER_WAIT_S
    for url in subject.urls:
        for mode in (WHOLE, STREAMED):
            while problem := _problem(subject, url, mode):
                fallen = next((child for child in children if not child.is_running()), None)
                if fallen or time.monotonic() > deadline:
                    log = "\n".join(child.tail() for child in ([fallen] if fallen else children))
                    raise NoAnswer(f"{subject.line} does not answer as it should: {problem}", log)
                time.sleep(0.2)


def _problem(subject: Subject, url: str, mode: str) -> str:
    """What is wrong with one answer; nothing when it is right."""
    headers = {"Content-Type": "application/json", **subject.headers}
    request = urllib.request.Request(f"{url}/chat/completions", body_of(subject.model, mode), headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return fault(Answer(status=response.status, body=response.read()), mode)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return f"{mode}: status {refusal.code}, {refusal.read()[:300].decode(errors='replace')}"
    except OSError as problem:
        return str(problem)
