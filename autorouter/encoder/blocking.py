"""Asking the encoder from threads, as the pages and the REST API do: one question at a time."""

import socket
import threading
import time
from functools import lru_cache

from autorouter.classification.judged import Judged
from autorouter.encoder import wire
from autorouter.encoder.cache import Cache, key_of
from autorouter.encoder.excerpts import excerpt
from autorouter.encoder.patience import Answer, Heard, Patience
from autorouter.encoder.wire import Status

STATUS_WAIT_MS = 1_000


class BlockingAsker:
    """Asks at one address, with one connection for the whole process."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._cache, self._patience = Cache(), Patience(address)
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def hear(self, text: str, within_ms: int) -> Heard:
        """What the encoder makes of a text, if it says so in time."""
        read = excerpt(text)
        key = key_of(read)
        if known := self._cache.get(key):
            return Heard(result="cached", judged=known)
        began = time.monotonic()
        if refused := self._patience.refusal(began):
            return Heard(result=refused)
        answer = self._answer(wire.write_question(1, read, within_ms * 1_000), began + within_ms / 1_000)
        heard = Heard.of(answer, time.monotonic() - began)
        if heard.judged is not None:
            self._cache.put(key, heard.judged)
        self._patience.hear(heard.result)
        return heard

    def status(self) -> Status | None:
        """How it stands now; None: it does not say."""
        try:
            said = self._ask(wire.write_status_question(1), time.monotonic() + STATUS_WAIT_MS / 1_000)
        except (OSError, ValueError):
            return None
        return said if isinstance(said, Status) else None

    def stop(self) -> None:
        with self._lock:
            self._close()

    def _answer(self, line: bytes, until: float) -> Answer:
        try:
            said = self._ask(line, until)
        except TimeoutError:
            return "late"
        except (OSError, ValueError):
            return "away"
        return said if isinstance(said, Judged) else "late"

    def _ask(self, line: bytes, until: float) -> Judged | Status | None:
        """What is said to a question. Raises OSError, of which TimeoutError is one, and ValueError."""
        if not self._lock.acquire(timeout=_left(until)):
            raise TimeoutError
        try:
            return self._asked(line, until)
        except (OSError, ValueError):
            self._close()
            raise
        finally:
            self._lock.release()

    def _asked(self, line: bytes, until: float) -> Judged | Status | None:
        if self._socket is not None:
            try:
                return self._exchange(self._socket, line, until)
            except ConnectionError:  # it has been started again since
                self._close()
        self._socket = opened = _connected(self._address, until)
        status = self._exchange(opened, wire.write_status_question(0), until)
        if isinstance(status, Status):
            self._cache.use(status.digest)
        return self._exchange(opened, line, until)

    def _exchange(self, opened: socket.socket, line: bytes, until: float) -> Judged | Status | None:
        opened.settimeout(_left(until))
        opened.sendall(line)
        answer = b""
        while not answer.endswith(b"\n"):
            opened.settimeout(_left(until))
            read = opened.recv(wire.MAX_LINE_BYTES)
            if not read:
                raise ConnectionError("the encoder closed the connection")
            answer += read
            if len(answer) > wire.MAX_LINE_BYTES:
                raise ValueError("this is no answer")
        return wire.read_answer(answer)[1]

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


@lru_cache
def asker_at(address: str) -> BlockingAsker | None:
    """The one of this process; None where there is no encoder."""
    return BlockingAsker(address) if address else None


def _connected(address: str, until: float) -> socket.socket:
    found = wire.address_of(address)
    if not isinstance(found, str):
        return socket.create_connection(found, timeout=_left(until))
    opened = socket.socket(socket.AF_UNIX)
    opened.settimeout(_left(until))
    try:
        opened.connect(found)
    except OSError:
        opened.close()
        raise
    return opened


def _left(until: float) -> float:
    """Seconds. Raises TimeoutError where there are none."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
