"""`make run`'s supervisor as a person meets it: first start, second start, killed, stopped."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from routerhub.embedded.processes import free_port
from routerhub.embedded.quickstart import read_facts
from tests.stack import ROOT, eventually

pytestmark = pytest.mark.xdist_group("embedded")
READY, START_WITHIN_S = "RouterHub is ready", 60


class Supervisor:
    """One start of it, with its data in `folder`."""

    def __init__(self, folder: Path, port: int) -> None:
        kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "SANDBOX_BASE_URL"}}
        self.output = folder.parent / f"output-{free_port()}"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "routerhub.embedded"],
                cwd=ROOT,
                env={**kept, "VAR_DIR": str(folder), "PORT": str(port), "WEB_CONCURRENCY": "1", "SANDBOX": "auto"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def said(self) -> str:
        return self.output.read_text()

    def wait_until_ready(self) -> str:
        eventually(lambda: READY in self.said() or self.process.poll() is not None, START_WITHIN_S)
        assert READY in self.said(), self.said()
        return self.said()

    def children(self, text: str) -> list[int]:
        """The process ids of its children with that text in the command line."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(each) for each in children if text in Path(f"/proc/{each}/cmdline").read_text()]

    def child(self, text: str) -> int:
        (found,) = self.children(text)
        return found

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        return self.process.wait(40)


def processes_with(text: str) -> list[str]:
    """Command lines of running processes that contain a text."""
    lines = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if text in line:
            lines.append(line)
    return lines


def ask(facts: dict[str, str]) -> int:
    request = urllib.request.Request(
        facts["ROUTERHUB_URL"] + "/v1/chat/completions",
        json.dumps({"model": "auto", "messages": [{"role": "user", "content": "Hello"}]}).encode(),
        {"Authorization": f"Bearer {facts['ROUTERHUB_API_KEY']}"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return int(response.status)


def page(facts: dict[str, str]) -> int:
    """Status of a page of the control plane, asked of the gateway."""
    try:
        with urllib.request.urlopen(facts["ROUTERHUB_URL"] + "/admin/login/", timeout=10) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def command(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A management command beside it, with nothing set but where it keeps its data."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT, env={"VAR_DIR": str(folder)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def assert_said_in_a_line(done: "subprocess.CompletedProcess[str]", said: str) -> None:
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("run") / "var"
    yield folder
    for line in processes_with(str(folder)):
        raise AssertionError(f"still running: {line}")


def without_the_control_plane_v1_goes_on_until_it_is_back(supervisor: Supervisor, facts: dict[str, str]) -> None:
    os.kill(supervisor.child("routerhub.control_plane"), signal.SIGKILL)
    assert page(facts) == 503
    assert ask(facts) == 200
    eventually(lambda: page(facts) == 200, within_s=30)
    assert "web ended with -9; starting it again" in supervisor.said()


def a_killed_worker_costs_no_request_and_is_started_again(supervisor: Supervisor, facts: dict[str, str]) -> None:
    killed = supervisor.child("\0worker\0")
    os.kill(killed, signal.SIGKILL)
    assert ask(facts) == 200
    eventually(lambda: "worker ended with -9; starting it again" in supervisor.said(), within_s=30)
    eventually(lambda: supervisor.children("\0worker\0") not in ([], [killed]), within_s=30)


def test_it_starts_survives_and_stops(folder: Path) -> None:
    port = free_port()
    first = Supervisor(folder, port)
    said = first.wait_until_ready()
    facts = read_facts(folder)
    assert facts["ROUTERHUB_API_KEY"] in said
    assert facts["ROUTERHUB_ADMIN_PASSWORD"] in said
    assert f"curl http://127.0.0.1:{port}/v1/chat/completions" in said
    for secret in ("quickstart.env", "storage_key"):
        assert stat.S_IMODE((folder / secret).stat().st_mode) == 0o600
    assert ask(facts) == 200
    made = command(folder, "create_api_key", "--account=default", "--name=beside", "--json")
    assert made.returncode == 0, made.stderr
    assert ask({**facts, "ROUTERHUB_API_KEY": json.loads(made.stdout)["key"]}) == 200
    without_the_control_plane_v1_goes_on_until_it_is_back(first, facts)
    a_killed_worker_costs_no_request_and_is_started_again(first, facts)

    other = Supervisor(folder, free_port())
    assert other.process.wait(20) == 1
    assert "running already from this folder" in other.said()

    first.end(signal.SIGKILL)
    eventually(lambda: not processes_with(str(folder)), within_s=20)

    second = Supervisor(folder, port)
    said = second.wait_until_ready()
    assert "the data of earlier starts is kept" in said
    assert facts["ROUTERHUB_API_KEY"] not in said, "secrets are shown once"
    assert read_facts(folder) == facts
    assert ask(facts) == 200
    assert second.end(signal.SIGINT) == 0
    assert "Stopped." in second.said()
    assert_said_in_a_line(command(folder, "reconcile"), "The database does not answer: start it with `make run`")
    assert command(folder, "switch").returncode == 0, "what needs no server works without one"


def test_a_command_before_the_first_start_says_what_is_missing(folder: Path) -> None:
    done = command(folder, "create_api_key", "--account=default", "--name=early")
    assert_said_in_a_line(done, "SECRET_KEY is not set: `make run` makes one")


def test_a_taken_port_is_told_with_the_setting_that_changes_it(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        supervisor = Supervisor(folder, taken.getsockname()[1])
        assert supervisor.process.wait(20) == 1
    assert "is taken" in supervisor.said()
    assert "PORT=" in supervisor.said()


def test_a_port_of_nonsense_is_told(folder: Path) -> None:
    supervisor = Supervisor(folder, 99999)
    assert supervisor.process.wait(20) == 1
    assert "PORT='99999': write a number from 1 to 65535." in supervisor.said()


def test_queries_are_echoed_when_they_are_to_be() -> None:
    told = {}
    for echo in ("true", "false"):
        done = subprocess.run(
            [sys.executable, "manage.py", "showmigrations", "releases"],
            cwd=ROOT, env={**os.environ, "DATABASE_ECHO": echo}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        told[echo] = done.stderr
    assert "django.db.backends (0." in told["true"]
    assert "django.db.backends" not in told["false"]


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("SANDBOX", "maybe", "write one of auto, on, off"),
        ("USE_DB_MODELS", "perhaps", "write true or false"),
        ("MAX_BODY_BYTES", "big", "write a number from 1024"),
        ("DATABASE_POOL_SIZE", "0", "write a number from 1 to 100"),
        ("DATABASE_ECHO", "loud", "write true or false"),
        ("SECRET_KEY", "", "make run"),
    ],
)
def test_nonsense_in_the_environment_stops_the_start_and_says_what_to_write(name: str, value: str, advice: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT, env={**os.environ, name: value}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert name in done.stderr
    assert advice in done.stderr
