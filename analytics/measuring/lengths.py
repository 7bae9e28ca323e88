"""How long answers usually are, and how long a model takes for one: what the gateway fits requests by where room is scarce. Pure.

What was never measured takes the next wider figure that was: another category's or complexity's of the same model, the
category's and complexity's of all models together, and at last a stated estimate.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

ALL = "*"
"""In the place of a model, a category or a complexity: all of them together."""
Cell = tuple[str, str, str]
"""Model, category, complexity."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Length:
    """Output tokens of a sort of answers."""

    median: int
    high: int
    """Hardly any is longer."""


ESTIMATES: Mapping[str, Length] = {
    "": Length(median=0, high=0),
    "simple": Length(median=200, high=1_000),
    "moderate": Length(median=400, high=1_500),
    "complex": Length(median=800, high=2_500),
}
"""By complexity, where nothing was measured; vectors have none. Chat answers of public traces have about 250 tokens on average,
hardly any 1,000."""
THINKING = 3
"""So many times as long may an answer be of a model that thinks, whose thoughts are output too. An estimate."""
ESTIMATED_ANSWER_S = 10.0
"""Rather long: whoever waits too briefly is refused while little is spent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lengths:
    """What was measured, by cell; a cell of too few answers is missing."""

    by_cell: Mapping[Cell, Length] = field(default_factory=dict)
    answer_ms: Mapping[str, int] = field(default_factory=dict)
    """Median time of a whole answer, by model and of ALL."""

    def of(self, model: str, category: str, complexity: str, thinks: bool) -> Length:
        """What to expect of a model's answers to tasks of this sort."""
        cells = ((model, category, complexity), (model, ALL, ALL), (ALL, category, complexity))
        measured = next((self.by_cell[cell] for cell in cells if cell in self.by_cell), None)
        if measured is not None:
            return measured
        estimate = ESTIMATES[complexity]
        return Length(median=estimate.median, high=THINKING * estimate.high) if thinks else estimate

    def answer_s(self, model: str) -> float:
        """Median seconds until a whole answer of the model is there."""
        ms = self.answer_ms.get(model) or self.answer_ms.get(ALL)
        return ms / 1_000 if ms else ESTIMATED_ANSWER_S


UNMEASURED = Lengths()
