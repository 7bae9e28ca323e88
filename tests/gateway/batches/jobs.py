"""A batch in the database, and a worker on it around a scripted upstream."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson

from routerhub.batches.store import BatchStore
from routerhub.batches.types import Batch, NewBatch
from routerhub.gateway.batches.working import Pace, Worker
from routerhub.gateway.runtime import Runtime
from routerhub.gateway.snapshots.snapshots import database_dsn
from routerhub.storage.files import FileStore
from routerhub.storage.store import Store
from routerhub.storage.types import NewFile
from tests.gateway.fakes import ADA, FakeLedger, FakeUpstream, runtime

CHAT = "/v1/chat/completions"
PACE = Pace(concurrency=2, lease_s=30.0)


class Place:
    """The gateway's runtime with a store that keeps, and what is put into it."""

    def __init__(self, made: Runtime, upstream: FakeUpstream, ledger: FakeLedger) -> None:
        self.runtime, self.upstream, self.ledger = made, upstream, ledger
        self.batches, self.files = BatchStore(made.store), FileStore(made.store)

    async def batch(self, *lines: Any, pieces: int = 1, **changes: Any) -> str:
        """The id of a batch of these lines, whose file is in so many pieces."""
        content = b"\n".join(each if isinstance(each, bytes) else orjson.dumps(each) for each in lines)
        await self.file("file-in", content, pieces)
        new: dict[str, Any] = {
            "id": "batch_1", "account_id": ADA.account_id, "key_id": ADA.key_id, "endpoint": CHAT,
            "input_file_id": "file-in", "completion_window": "24h", "window_s": 86_400, "metadata": None,
            "result_retention_s": 7_200, "ip": "127.0.0.1", **changes,
        }  # fmt: skip
        return (await self.batches.create(NewBatch(**new))).id

    async def file(self, name: str, content: bytes, pieces: int = 1) -> None:
        size = max(1, -(-len(content) // pieces))
        parts = [content[at : at + size] for at in range(0, len(content), size)]
        for number, part in enumerate(parts):
            await self.files.put_piece(ADA.account_id, name, number, part, 3_600)
        await self.files.add(
            NewFile(id=name, account_id=ADA.account_id, filename="in.jsonl", purpose="batch", size=len(content),
                    pieces=len(parts), seconds=3_600)
        )  # fmt: skip

    def worker(self) -> Worker:
        return Worker(self.runtime, PACE)

    async def worked(self, batch_id: str, worker: Worker | None = None) -> Batch:
        """The batch after a worker's turn."""
        await (worker or self.worker()).work(3_600)
        return await self.found(batch_id)

    async def found(self, batch_id: str) -> Batch:
        batch = await self.batches.find(ADA.account_id, batch_id)
        assert batch is not None
        return batch

    async def lines(self, file_id: str) -> Sequence[Any]:
        """What a file says; empty where there is none."""
        file = await self.files.find(ADA.account_id, file_id)
        if file is None:
            return []
        content = b"".join(
            [piece async for _, piece in self.files.pieces(file.account_id, file.id, range(file.pieces))]
        )
        assert file.size == len(content)
        return [orjson.loads(line) for line in content.splitlines()]


@asynccontextmanager
async def place(*script: Any, ledger: FakeLedger | None = None, **limits: Any) -> AsyncIterator[Place]:
    upstream, ledger = FakeUpstream(*script), ledger or FakeLedger()
    made = runtime(upstream, ledger, **limits)
    made.store = Store(database_dsn(), [bytes(32)])
    await made.store.start()
    yield Place(made, upstream, ledger)
    await made.store.stop()


def line(custom_id: str, text: str = "Hello", url: str = CHAT, method: str = "POST", **body: Any) -> dict[str, Any]:
    said = {"model": "auto", "messages": [{"role": "user", "content": text}], **body}
    return {"custom_id": custom_id, "method": method, "url": url, "body": said}


async def happens(check: Callable[[], object]) -> None:
    """Goes on as soon as the check's value is true."""
    for _ in range(1_000):
        if check():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"It never happened: {check.__doc__ or check}")
