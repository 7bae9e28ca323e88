"""A forecast, as a frozen value. Pure."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """What a limit will have seen when its running period ends, in the limit's own measure (nano-dollars, tokens, requests)."""

    period_start: datetime
    period_end: datetime
    made_at: datetime
    history_hours: int
    """From so many hours it was made: those since the first spend that is known, 91 days at most."""
    spent: int
    """Exactly, when it was made."""
    expected: int | None
    """None: there is too little history to say (fewer than projection.MIN_HOURS)."""
    low: int | None
    high: int | None
    """In eight of ten cases it will be between these two."""
    passes_at: datetime | None
    """The end of the hour in which the limit will be reached, if things go as expected; None where they will not reach it, or it
    is reached already."""

    @property
    def is_known(self) -> bool:
        return self.expected is not None
