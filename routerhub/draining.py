"""A process that is told to end says so first: for DRAIN_S it is not ready but serves on, so that whoever spreads requests sends
no more. Then the server takes no new connections, and what is under way is finished."""

import asyncio
import signal
import threading
from functools import partial
from types import FrameType


class Draining:
    """Begins with the first SIGTERM; the next one ends it at once."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.has_begun = False

    def listen(self) -> None:
        """Hear SIGTERM before the server does, which is told of it later. For the event loop of the main thread."""
        self._loop = asyncio.get_running_loop()
        server = signal.getsignal(signal.SIGTERM)
        if threading.current_thread() is threading.main_thread() and callable(server):
            self._server = server
            signal.signal(signal.SIGTERM, self._begin)

    def _begin(self, number: int, frame: FrameType | None) -> None:
        delay_s = 0.0 if self.has_begun else self._seconds
        self.has_begun = True
        self._loop.call_soon_threadsafe(partial(self._loop.call_later, delay_s, self._server, number, None))
