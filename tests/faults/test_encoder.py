"""The encoder's process killed, and stopped, while every request asks it."""

import itertools
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from routerhub.embedded.processes import Child
from tests.faults.clients import asking
from tests.stack import Stack, eventually, running_stack

pytestmark = [pytest.mark.xdist_group("faults"), pytest.mark.whole]
CLIENTS, PHASE_S = 4, 6
STUCK, AWAY = "local, since the encoder gave no answer within 50 ms", "local, since the encoder is not there"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    status: int
    origin: str
    took_s: float


@pytest.fixture
def encoder(tmp_path: Path) -> Iterator[Child]:
    address = str(tmp_path / "encoder.sock")
    command = [sys.executable, "-m", "autorouter.encoder"]
    child = Child(name="encoder", command=command, log=tmp_path / "log", env={"ENCODER_SOCKET": address})
    child.start()
    yield child
    child.stop()


def load(name: str, stack: Stack) -> AbstractContextManager[list[Answer]]:
    """Clients that ask without a pause, each time something new. What they are told is added to the list."""
    numbers = itertools.count()

    def ask() -> Answer:
        asked, began = f"Something about number {next(numbers)} while it is {name}, please.", time.monotonic()
        status, told = stack.chat(messages=[{"role": "user", "content": asked}])
        origin = told["routerhub"]["task"]["origin"] if status == 200 else ""
        return Answer(status=status, origin=origin, took_s=time.monotonic() - began)

    return asking(CLIENTS, ask)


def phase(name: str, stack: Stack, breaks: Callable[[], object] = lambda: None) -> Counter[str]:
    """Load, after the first second of which the encoder is broken: who read the prompts. Nobody is refused."""
    with load(name, stack) as answers:
        threading.Event().wait(1)
        breaks()
        threading.Event().wait(PHASE_S)
    took = sorted(each.took_s * 1_000 for each in answers)
    read = Counter(each.origin for each in answers)
    middle, slow = took[len(took) // 2], took[len(took) * 95 // 100]
    print(f"\n{name}: {len(took)} requests, p50 {middle:.0f} ms, p95 {slow:.0f} ms, {dict(read)}")
    assert {each.status for each in answers} == {200}
    return read


def test_an_encoder_that_is_killed_or_stuck_under_load_costs_no_request(encoder: Child) -> None:
    with running_stack(ENCODER_SOCKET=encoder.env["ENCODER_SOCKET"]) as stack:
        asks_always = {"encoder_threshold": 1, "reason": "so that every request asks"}
        assert stack.call("/api/router/configuration", asks_always, method="PATCH")[0] == 200

        def is_used() -> bool:
            """Both gateways read by the encoder."""
            asked = [{"role": "user", "content": f"Is it there at {time.monotonic()}?"}]
            return all(stack.chat(messages=asked)[1]["routerhub"]["task"]["origin"] == "encoder" for _ in stack.urls)

        eventually(is_used, within_s=20)
        assert phase("up", stack)["encoder"] > 0

        assert encoder.process is not None
        assert phase("killed", stack, partial(os.kill, encoder.process.pid, signal.SIGKILL))[AWAY] > 0
        encoder.revive()
        eventually(is_used, within_s=20)

        assert phase("stuck", stack, partial(os.kill, encoder.process.pid, signal.SIGSTOP))[STUCK] > 0
        os.kill(encoder.process.pid, signal.SIGCONT)
        eventually(is_used, within_s=20)
        assert phase("up again", stack)["encoder"] > 0
