"""What the encoder costs: requests of which the table is sure with and without it, those that ask it, and how much one takes."""

import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import count
from pathlib import Path

from autorouter import seed_prompts
from autorouter.classification.classify import read_locally
from autorouter.encoder import combined
from autorouter.encoder.asking import Asker
from autorouter.encoder.blocking import BlockingAsker
from autorouter.encoder.wire import Status
from autorouter.types import RouterConfig
from routerhub.embedded.processes import Child
from tests.bench.figures import percentile
from tests.bench.footprint import footprint
from tests.bench.tables import table

SECONDS, CLIENTS = 4, (1, 2, 4, 8, 16, 64)
EVERY, ONE_AFTER_THE_OTHER = 7, 400
PLENTY_MS = 10_000
SHARES = (0.1, 0.5, 0.99)
"""The quickest tenth tells what it takes where nobody else works on the machine."""
PAUSE_S = 0.01
"""Of a client that is told at once that the encoder is late."""
SURE, UNSURE = Decimal(0), Decimal(1)


def main() -> None:
    prompts = [row["messages"][-1]["content"] for row in seed_prompts.rows()][::EVERY]
    with tempfile.TemporaryDirectory() as folder, encoder(Path(folder)) as child:
        asyncio.run(_measure(child, prompts))


@contextmanager
def encoder(folder: Path) -> Iterator[Child]:
    """The encoder's process with the file that ships, once it answers."""
    address = str(folder / "encoder.sock")
    command = [sys.executable, "-m", "autorouter.encoder"]
    child = Child(name="encoder", command=command, log=folder / "log", env={"ENCODER_SOCKET": address})
    asker, began = BlockingAsker(address), time.perf_counter()
    child.start()
    try:
        while (status := asker.status()) is None:
            time.sleep(0.02)
        print(f"encoder {status.digest}: up after {time.perf_counter() - began:.1f} s, {_megabytes(status)}")
        yield child
        if status := asker.status():
            print(f"afterwards: {status.judged:,} judged, {status.dropped:,} dropped, {_megabytes(status)}")
    finally:
        asker.stop()
        child.stop()


async def _measure(child: Child, prompts: Sequence[str]) -> None:
    address = child.env["ENCODER_SOCKET"]
    asker, nobody = Asker(address), Asker(f"{address}.none")
    await asker.start()
    rows = []
    for name, whom, threshold in (
        ("the table alone", None, SURE),
        ("with the encoder, the table sure", asker, SURE),
        ("with the encoder, the table unsure", asker, UNSURE),
        ("the same texts again", asker, UNSURE),
        ("the encoder away, the table unsure", nobody, UNSURE),
    ):
        rows.append(await _read(name, child, whom, threshold, prompts[:ONE_AFTER_THE_OTHER]))
    head = ["a prompt", "p10, ms", "p50, ms", "p99, ms", "processor: who asks, ms", "processor: encoder, ms"]
    print(table(head, rows), flush=True)
    head = ["clients", "answered/s", "late/s", "busy/s", "p50, ms", "p99, ms"]
    print(f"asked by several at once, a new text each time, {RouterConfig().encoder_deadline_ms} ms to answer")
    print(table(head, [await _crowd(asker, prompts, clients) for clients in CLIENTS]))
    asker.stop()


async def _read(
    name: str, child: Child, asker: Asker | None, threshold: Decimal, prompts: Sequence[str]
) -> Sequence[str]:
    """Reading each prompt once, one after the other, as a gateway does; and what of processor time a prompt takes, which tells
    more where others work on the same machine."""
    config = RouterConfig(encoder_threshold=threshold, encoder_deadline_ms=PLENTY_MS)
    took, own, others = [], time.process_time(), _cpu_s(child)
    for text in prompts:
        messages = [{"role": "user", "content": text}]
        began = time.perf_counter()
        read = read_locally(messages)
        if asker is not None and combined.is_unsure(read, config):
            combined.task_of(read, await asker.hear(read.asked[-1], config.encoder_deadline_ms), config)
        took.append((time.perf_counter() - began) * 1_000)
    took.sort()
    used = [each * 1_000 / len(prompts) for each in (time.process_time() - own, _cpu_s(child) - others)]
    return [name, *(f"{percentile(took, share):.2f}" for share in SHARES), *(f"{each:.2f}" for each in used)]


async def _crowd(asker: Asker, prompts: Sequence[str], clients: int) -> Sequence[str]:
    numbers, results, took = count(), Counter[str](), list[float]()
    end = time.perf_counter() + SECONDS

    async def ask() -> None:
        while time.perf_counter() < end:
            number = next(numbers)
            text, began = f"{clients} {number} {prompts[number % len(prompts)]}", time.perf_counter()
            heard = await asker.hear(text, RouterConfig().encoder_deadline_ms)
            results[heard.result] += 1
            took.append((time.perf_counter() - began) * 1_000)
            await asyncio.sleep(0 if heard.took_us else PAUSE_S)

    await asyncio.gather(*(ask() for _ in range(clients)))
    took.sort()
    rates = (f"{results[each] / SECONDS:,.0f}" for each in ("answered", "late", "busy"))
    return [f"{clients}", *rates, f"{percentile(took, 0.5):.1f}", f"{percentile(took, 0.99):.1f}"]


def _cpu_s(child: Child) -> float:
    assert child.process is not None
    return footprint([child.process.pid]).cpu_s


def _megabytes(status: Status) -> str:
    return f"{status.resident_bytes / 1e6:.0f} MB resident"
