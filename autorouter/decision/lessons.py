"""What was learned of the models of one ranking, for its kind of task: all but the prompt. Pure."""

from collections.abc import Iterable
from decimal import Decimal

from autorouter.decision.bitsets import members, set_of
from autorouter.decision.success import Heard, Learned, Prior


class Lessons:
    """By place. Empty where nothing was learned of this kind."""

    def __init__(self, learned: Learned, category: str, weight: Decimal, models: Iterable[tuple[str, Decimal]]) -> None:
        """`models` by place, each with its score for the category. `weight` is the tunable `learned_weight`."""
        self._priors = {
            place: (learned.lanes[model], Prior(learned[model].kinds[category], score))
            for place, (model, score) in enumerate(models)
            if model in learned and category in learned[model].kinds
        }
        self._places = set_of(self._priors)
        self._tenth = weight.scaleb(-1)

    def __len__(self) -> int:
        return len(self._priors)

    def points(self, heard: Heard, places: int) -> dict[int, Decimal]:
        """By how many points a prompt's words move the models of a set, without those that they do not move."""
        found = {}
        for place in members(places & self._places if self._tenth else 0):
            lane, prior = self._priors[place]
            seen, weight = heard.of(lane)
            if prior.kind.knows(seen, heard.terms) and (tenths := prior.tenths(weight, heard.root)):
                found[place] = self._tenth * tenths
        return found
