"""The thread that keeps what was said, one for each process: behind a bounded queue, so that no answer ever waits for it.

What comes when the queue is full is not kept, and counted. Where the database is away, the batch in hand is tried again and
again; the queue fills meanwhile.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence

from django.db import DatabaseError, connection

from analytics.bodies import keeping
from analytics.bodies.types import Said
from analytics.models import Body
from routerhub.metrics.kinds import counter, gauge

logger = logging.getLogger(__name__)
MAX_WAITING = 1_000
MAX_WAITING_BYTES = 64 * 1024 * 1024
"""Of the requests as they came in: what waits takes some times as much memory."""
BATCH = 50
RETRY_PAUSE_S = 1.0
STOP_WAIT_S = 5.0
KEPT = counter("routerhub_kept_bodies", "Requests whose words were to be kept: kept, or dropped and why.", "result")
WAITING = gauge("routerhub_waiting_bodies", "Requests whose words wait to be kept.").labels()


class BodyWriter:
    """Takes what was said from whoever serves. The thread begins with the first of it: where nothing is kept, there is none."""

    def __init__(self, write: Callable[[Sequence[Body]], None] = keeping.write) -> None:
        self._write = write
        self._waiting: deque[Said] = deque()
        self._waiting_bytes = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_stopping = False

    def note(self, said: Said) -> bool:
        """Keep it soon. False where there is no room, so that it is not kept."""
        with self._changed:
            has_room = len(self._waiting) < MAX_WAITING and self._waiting_bytes + said.size <= MAX_WAITING_BYTES
            if has_room and not self._is_stopping:
                self._waiting.append(said)
                self._waiting_bytes += said.size
                self._start()
                self._changed.notify()
                WAITING.inc()
                return True
        self._dropped("full", 1)
        return False

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="bodies", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """What waits is still written, if that does not take too long."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(STOP_WAIT_S)

    def _run(self) -> None:
        try:
            while batch := self._next():
                self._keep([row for said in batch if (row := self._row(said)) is not None])
        finally:
            connection.close()

    def _next(self) -> Sequence[Said]:
        """What is written together next; nothing when the process stops."""
        with self._changed:
            while not self._waiting and not self._is_stopping:
                self._changed.wait()
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            self._waiting_bytes -= sum(said.size for said in batch)
        WAITING.inc(-len(batch))
        return batch

    def _row(self, said: Said) -> Body | None:
        try:
            return keeping.kept(said)
        except Exception as problem:  # the seam: what cannot be redacted is not kept, and its words stand in no log
            logger.error("action=redact_body operation=%s problem=%s", said.operation_id, type(problem).__name__)
            KEPT.labels("unreadable").inc()
            return None

    def _keep(self, rows: Sequence[Body]) -> None:
        while True:
            try:
                self._write(rows)
            except DatabaseError as problem:
                connection.close()
                logger.warning("action=keep_bodies count=%s problem=%s", len(rows), type(problem).__name__)
                with self._changed:
                    if self._is_stopping or self._changed.wait_for(lambda: self._is_stopping, RETRY_PAUSE_S):
                        break
            else:
                KEPT.labels("kept").inc(len(rows))
                return
        self._dropped("unavailable", len(rows))

    def _dropped(self, why: str, count: int) -> None:
        KEPT.labels(why).inc(count)
        logger.warning("action=drop_bodies count=%s why=%s", count, why)
