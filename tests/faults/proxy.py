"""A network in between, on loopback: it passes bytes until it is told to lose, hold, delay or cut them."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

PIECE = 65_536


class Proxy:
    """Stands before one port. Whatever is done to it holds for old and new connections until `heal`."""

    def __init__(self, target: int) -> None:
        self.target, self.port = target, 0
        self.connections = 0
        """That were ever opened."""
        self.delay_s = 0.0
        """Of each piece, in both directions."""
        self.stalls_at: bytes | None = None
        """What a client must send for everything to stall from then on; empty: at once."""
        self.held = 0
        """Pieces that came since it stalled."""
        self._passes_up_to: int | None = None
        self._is_cut = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._flows = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def start(self) -> None:
        self._thread.start()
        serving = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(serving, self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]
        self._flows.set()

    def stop(self) -> None:
        self.cut()
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Every connection is reset, and so is each that is tried."""
        self._told(self._cut)

    def stall(self) -> None:
        """Connections are taken, and nothing passes any more in either direction."""
        self._told(self._flows.clear)

    def reset_after(self, count: int) -> None:
        """So many bytes of answers pass, then every connection that brings more is reset."""
        self._passes_up_to = count

    def heal(self) -> None:
        """All is well for new connections; who is connected was forgotten, and is reset."""
        self._told(self._heal)

    def _told(self, act: Callable[[], None]) -> None:
        async def acted() -> None:
            act()

        asyncio.run_coroutine_threadsafe(acted(), self._loop).result()

    def _cut(self) -> None:
        self._is_cut = True
        self._reset()

    def _heal(self) -> None:
        self._reset()
        self._is_cut, self._passes_up_to, self.stalls_at, self.delay_s = False, None, None, 0.0
        self.held = 0
        self._flows.set()

    def _reset(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self._is_cut:
            writer.transport.abort()
            return
        self._writers.add(writer)
        try:
            far, there = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(there)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._pump(reader, there, is_answer=False))
            both.create_task(self._pump(far, writer, is_answer=True))
        self._writers -= {writer, there}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_answer: bool) -> None:
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(PIECE):
                if not is_answer and self.stalls_at is not None and self.stalls_at in piece:
                    self._flows.clear()
                self.held += not self._flows.is_set()
                await self._flows.wait()
                await asyncio.sleep(self.delay_s)
                if is_answer and self._passes_up_to is not None:
                    piece, self._passes_up_to = piece[: self._passes_up_to], max(0, self._passes_up_to - len(piece))
                    if not self._passes_up_to:
                        writer.write(piece)
                        await writer.drain()
                        self._reset()
                        return
                writer.write(piece)
                await writer.drain()
        with contextlib.suppress(OSError, RuntimeError):
            writer.close()

    async def _end(self) -> None:
        self._server.close()
        left: set[asyncio.Task[Any]] = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


@contextlib.contextmanager
def between(target: int) -> Iterator[Proxy]:
    """A network before that port of the loopback."""
    proxy = Proxy(target)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
