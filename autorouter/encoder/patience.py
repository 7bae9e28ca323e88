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


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What came of asking."""

    result: Literal["answered", "cached"] | Silence
    judged: Judged | None = None
    took_us: int = 0
    """For so long was waited."""


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

    def hear(self, result: Literal["answered"] | Silence) -> None:
        """What came of a question."""
        self._late = self._late + 1 if result == "late" else 0
        if result == "answered":
            self._turn(None)
        elif result == "away" or self._late >= MAX_LATE:
            self._turn(result)

    def _turn(self, lost: Silence | None) -> None:
        if lost != self._lost:
            logger.warning("action=ask_encoder state=%s address=%s", lost or "up", self._address)
        self._lost = lost
