"""How those who ask the encoder bear with it: where it is away, or late again and again, it is asked once a second only, so that
requests lose no time with it."""

import logging
from dataclasses import dataclass
from typing import Literal

from autorouter.classification.judged import Judged
from autorouter.encoder.wire import Silence

logger = logging.getLogger(__name__)
MAX_LATE = 16
"""So often in a row."""
RETRY_S = 1.0
Answer = Judged | Silence
Result = Literal["answered", "cached"] | Silence


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What came of asking."""

    result: Result
    judged: Judged | None = None
    took_us: int = 0
    """For so long was waited."""

    @classmethod
    def of(cls, answer: Answer, seconds: float) -> "Heard":
        took_us = int(seconds * 1e6)
        if isinstance(answer, str):
            return cls(result=answer, took_us=took_us)
        return cls(result="answered", judged=answer, took_us=took_us)


class Patience:
    """Of one process. Seconds are monotonic."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._lost: Silence | None = None
        self._late = 0
        self._tries_at = 0.0

    def refusal(self, now: float) -> Silence | None:
        """Why it is not asked now; None: ask it. While it is lost, one question a second is let through."""
        if self._lost and now < self._tries_at:
            return self._lost
        self._tries_at = now + RETRY_S
        return None

    def hear(self, result: Result) -> None:
        """What came of a question."""
        self._late = self._late + 1 if result == "late" else 0
        if result == "away" or (result == "late" and self._late >= MAX_LATE):
            self._turn(result)
        elif result == "answered":
            self._turn(None)

    def _turn(self, lost: Silence | None) -> None:
        if lost != self._lost:
            logger.warning("action=ask_encoder state=%s address=%s", lost or "up", self._address)
        self._lost = lost
