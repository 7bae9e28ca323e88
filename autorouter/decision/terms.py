"""What a score is the sum of. Pure."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """How a score came about: a sum of four (and of what was learned from outcomes), times two factors, plus speed."""

    category: Decimal
    stickiness: Decimal
    reasoning: Decimal
    research: Decimal
    complexity_factor: Decimal
    tier_weight: Decimal
    speed: Decimal
    learned: Decimal = Decimal(0)

    @property
    def score(self) -> Decimal:
        base = self.category + self.learned + self.stickiness + self.reasoning + self.research
        return base * self.complexity_factor * self.tier_weight + self.speed
