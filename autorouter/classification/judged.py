"""How likely each category and complexity is, as one reader or several together see it. Pure."""

from dataclasses import dataclass
from decimal import Decimal
from operator import itemgetter

from autorouter.types import CATEGORIES as ALL_CATEGORIES
from autorouter.types import COMPLEXITIES, Category, Complexity, Likely

CATEGORIES: tuple[Category, ...] = tuple(name for name in ALL_CATEGORIES if name != "multimodal")
"""Those that words tell of; the other is read from attachments."""
_HUNDREDTHS = tuple(Decimal(step) / 100 for step in range(101))


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """Calibrated probabilities, which add up to 1."""

    categories: tuple[float, ...]
    """In the order of CATEGORIES."""
    complexities: tuple[float, ...]
    """In the order of COMPLEXITIES."""

    @property
    def category(self) -> Category:
        return CATEGORIES[self.categories.index(self.confidence)]

    @property
    def confidence(self) -> float:
        return max(self.categories)

    @property
    def complexity(self) -> Complexity:
        """The middle one: as likely to be harder as to be easier."""
        simple, moderate, _ = self.complexities
        return COMPLEXITIES[(simple <= 0.5) + (simple + moderate <= 0.5)]

    @property
    def likely(self) -> Likely:
        """The categories in hundredths, the likeliest first, without those that come to nothing."""
        ordered = sorted(zip(self.categories, CATEGORIES, strict=True), key=itemgetter(0), reverse=True)
        return tuple([(name, _HUNDREDTHS[whole]) for share, name in ordered if (whole := round(100 * share))])
