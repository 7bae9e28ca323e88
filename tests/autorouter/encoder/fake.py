"""The encoder's process in a thread, on a real socket, with a judge that does as it is told."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

from autorouter.classification.judged import Judged
from autorouter.encoder.blocking import BlockingAsker
from autorouter.encoder.serving import Service

CODING = Judged(categories=(0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05), complexities=(0.25, 0.5, 0.25))


class FakeJudge:
    """Takes everything for coding. While `may_go` is cleared it is stuck."""

    def __init__(self, digest: str = "v1") -> None:
        self.digest = digest
        self.judged: list[str] = []
        self.is_stuck = threading.Event()
        """Somebody waits for `may_go`."""
        self.may_go = threading.Event()
        self.may_go.set()

    def judge(self, texts: Sequence[str]) -> list[Judged]:
        if not self.may_go.is_set():
            self.is_stuck.set()
        assert self.may_go.wait(10)
        self.judged += texts
        return [CODING for _ in texts]


class FakeEncoder:
    """Serves from `start` to `kill`, again and again."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "encoder.sock")
        self.judge = FakeJudge()

    def start(self, digest: str = "v1") -> None:
        self.judge = FakeJudge(digest)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        self._wait()

    def kill(self) -> None:
        self._wait()
        self._loop.call_soon_threadsafe(self._task.cancel)
        self.judge.may_go.set()
        self._thread.join()

    def _wait(self) -> None:
        """Until everybody who connected before is let in: who is about to be when it ends would never be closed."""
        asker = BlockingAsker(self.address)
        while asker.status() is None:
            assert self._thread.is_alive()
        asker.stop()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._task = asyncio.ensure_future(Service(self.judge).run(self.address))
        await asyncio.wait([self._task])
