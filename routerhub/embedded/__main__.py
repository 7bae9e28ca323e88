"""`python -m routerhub.embedded`: the whole product on one machine, under one supervisor. What `make run` calls."""

import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import IO

from autorouter.encoder.installed import PACKAGES, is_installed
from routerhub.embedded import quickstart
from routerhub.embedded.postgres import Postgres
from routerhub.embedded.processes import Child, StartError, free_port, takes_connections
from routerhub.embedded.serving import control_plane_options, gateway_options
from routerhub.embedded.valkey import Valkey
from routerhub.environment import MAX_SOCKET_PATH

ROOT = Path(__file__).resolve().parents[2]
VAR = Path(os.environ.get("VAR_DIR", ROOT / "var")).resolve()
READY_WAIT_S = 90
PROVIDER_KEYS = ("OPENAI_API_KEY", "OPENROUTER_API_KEY")


def main() -> int:
    """Start, tell, watch, stop. Returns the exit status."""
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    os.umask(0o077)
    with ExitStack() as running:
        try:
            children = start(running, stopping)
        except StartError as problem:
            print(f"\nRouterHub did not start: {problem}", file=sys.stderr, flush=True)
            return 1
        while not stopping.wait(1):
            for child in children:
                child.revive()
        print("\nStopping ...", flush=True)
    print(f"Stopped. Your data is kept in {VAR}.", flush=True)
    return 0


def start(running: ExitStack, stopping: threading.Event) -> list[Child]:
    """Everything, in order. What was started is stopped by `running`, last first. Raises StartError."""
    port = _port()
    _lock(running)
    (VAR / "log").mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("SECRET_KEY", quickstart.secret_key(VAR))
    os.environ.setdefault("STORAGE_KEYS", quickstart.storage_key(VAR))
    os.environ.setdefault("HTTPS", "false")
    _data_stores(running)
    encoder = _encoder()
    _write_down(running)
    _manage("migrate", "--verbosity=0", step="migrate the database")
    print(_manage("seed_catalog", step="seed the catalogue").rstrip(), flush=True)
    facts, is_first = _facts(f"http://127.0.0.1:{port}")
    sandbox = _sandbox(running)
    control_port = free_port()
    children = [*sandbox, *_services(port, control_port)]
    for child in [*encoder, *children[len(sandbox) :]]:
        _start(running, child)
    _wait_until(lambda: _is_ready(f"http://127.0.0.1:{port}/readyz"), children, stopping)
    _wait_until(lambda: takes_connections(control_port), children, stopping)
    file = quickstart.write_facts(VAR, facts)
    if not stopping.is_set():
        answers_itself = bool(sandbox) and not any(os.environ.get(name) for name in PROVIDER_KEYS)
        print(quickstart.welcome(facts, file, is_first, answers_itself), flush=True)
    return [*children, *encoder]


def _port() -> int:
    """The port to serve on, free at this moment. Raises StartError."""
    given = os.environ.get("PORT", "8000")
    if not given.isdigit() or not 1 <= int(given) <= 65535:
        raise StartError(f"PORT={given!r}: write a number from 1 to 65535.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(given)))
        except OSError as problem:
            raise StartError(
                f"port {given} is taken ({problem.strerror}). Choose another: PORT=8001 make run"
            ) from problem
    return int(given)


def _lock(running: ExitStack) -> None:
    """One supervisor for a folder. The lock goes when its holder goes, however that ends. Raises StartError."""
    VAR.mkdir(parents=True, exist_ok=True)
    file: IO[str] = running.enter_context((VAR / "supervisor.lock").open("w"))
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as problem:
        raise StartError(
            "it is running already from this folder. Stop that one first, or use another checkout."
        ) from problem


def _data_stores(running: ExitStack) -> None:
    """PostgreSQL and Valkey of our own, where the environment names none."""
    if not os.environ.get("DATABASE_URL"):
        print("Starting PostgreSQL ...", flush=True)
        postgres = Postgres(VAR / "postgres")
        running.callback(postgres.stop)
        had_data = postgres.start()
        print("  the data of earlier starts is kept" if had_data else "  a new, empty database", flush=True)
        os.environ["DATABASE_URL"] = postgres.url
    if not os.environ.get("CELERY_BROKER_URL"):
        print("Starting Valkey ...", flush=True)
        valkey = Valkey(VAR / "valkey")
        running.callback(valkey.stop)
        valkey.start()
        os.environ["CELERY_BROKER_URL"] = valkey.url


def _write_down(running: ExitStack) -> None:
    """Where the servers are, for commands that are run beside this one, until they stop."""
    named = ("DATABASE_URL", "CELERY_BROKER_URL", "ENCODER_SOCKET")
    stores = {name: os.environ[name] for name in named if name in os.environ}
    running.callback(quickstart.write_facts(VAR, stores, quickstart.RUNNING).unlink, missing_ok=True)


def _manage(*arguments: str, step: str, **env: str) -> str:
    """Run a management command and return what it printed. Raises StartError."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **env},
    )
    if done.returncode:
        raise StartError(f"could not {step}:\n{done.stderr.strip()}")
    return done.stdout


def _facts(url: str) -> tuple[dict[str, str], bool]:
    """Address, login and key; on the first start they are made. A start that was cut short is a first one again."""
    facts = quickstart.read_facts(VAR)
    if facts:
        return {**facts, "ROUTERHUB_URL": url}, False
    password = secrets.token_urlsafe(12)
    _manage("ensure_admin", "--username", quickstart.ADMIN, step="make the admin", ADMIN_PASSWORD=password)
    made = _manage(
        "create_api_key", "--account=default", "--create-account", "--owner", quickstart.ADMIN, "--name=quickstart", "--json",
        step="make an API key",
    )  # fmt: skip
    facts = {
        "ROUTERHUB_URL": url,
        "ROUTERHUB_API_KEY": json.loads(made)["key"],
        "ROUTERHUB_ADMIN_USER": quickstart.ADMIN,
        "ROUTERHUB_ADMIN_PASSWORD": password,
    }
    quickstart.write_facts(VAR, facts)
    return facts, True


def _sandbox(running: ExitStack) -> list[Child]:
    """The sandbox provider, unless it is switched off or runs elsewhere."""
    if os.environ.get("SANDBOX") == "off" or os.environ.get("SANDBOX_BASE_URL"):
        return []
    port = free_port()
    os.environ["SANDBOX_BASE_URL"] = f"http://127.0.0.1:{port}/v1"
    child = _python("sandbox", "models_registry.sandbox", "--port", str(port))
    _start(running, child)
    return [child]


def _encoder() -> list[Child]:
    """The encoder, where it is installed and none runs elsewhere. Nobody waits for it: requests do without."""
    if "ENCODER_SOCKET" in os.environ:
        return []
    if not is_installed():
        print(
            f"No encoder ({' and '.join(PACKAGES)} are not installed): the local table reads prompts alone.", flush=True
        )
        return []
    path = str(VAR / "encoder.sock")
    os.environ["ENCODER_SOCKET"] = path if len(path) <= MAX_SOCKET_PATH else f"tcp://127.0.0.1:{free_port()}"
    return [_python("encoder", "autorouter.encoder")]


def _services(port: int, control_port: int) -> list[Child]:
    """The control plane, the gateways that forward to it, and who works in the background."""
    os.environ["CONTROL_PLANE_URL"] = f"http://127.0.0.1:{control_port}"
    return [
        _python("web", "uvicorn", "routerhub.control_plane:application", *control_plane_options(control_port)),
        _python("gateway", "uvicorn", "routerhub.asgi:application", *gateway_options(port, os.environ)),
        _python(
            "worker", "celery", "-A", "routerhub.celery", "worker", "--pool=threads", "--concurrency=4", "-l", "WARNING"
        ),
        _python("beat", "celery", "-A", "routerhub.celery", "beat", "-l", "WARNING", "--pidfile="),
    ]


def _python(name: str, module: str, *arguments: str) -> Child:
    return Child(name=name, command=[sys.executable, "-m", module, *arguments], log=VAR / "log" / f"{name}.log")


def _start(running: ExitStack, child: Child) -> None:
    print(f"Starting {child.name} ...", flush=True)
    running.callback(child.stop)
    child.start()


def _wait_until(is_up: Callable[[], bool], children: list[Child], stopping: threading.Event) -> None:
    """Until that is so and all children run. Raises StartError."""
    deadline = time.monotonic() + READY_WAIT_S
    while not (stopping.is_set() or is_up()):
        fallen = next((child for child in children if not child.is_running()), None)
        if fallen:
            raise StartError(f"{fallen.name} ended at once. The end of {fallen.log}:\n{fallen.tail()}")
        if time.monotonic() > deadline:
            raise StartError(f"it is not ready after {READY_WAIT_S} s. See {VAR / 'log'}.")
        stopping.wait(0.2)


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own loopback address
            return True
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
