"""How good single answers were, as the fitting reads it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

Priors = Mapping[tuple[str, str], Decimal]
"""By model and category the profile's score, 0 to 100."""
DEFAULT_PRIOR = Decimal(70)
"""As scoring has it for a model without a score (autorouter.decision.scoring.UNKNOWN_SCORE)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of one answer."""

    model: str
    kind: str
    """The category of what was asked."""
    terms: tuple[int, ...]
    """Numbers of the words that it holds (autorouter.classification.vocabulary)."""
    score: float
    """0 (useless, or failed) to 1."""
    question: str
    """The same for whatever must not be learned from and judged by at once: one question, or the requests of one session."""
