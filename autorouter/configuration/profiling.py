"""Profiles from rated boards. Pure: ratings in, scores out.

A rating is an Elo figure: only differences mean anything. On each board its leader gets 99, and every 6 rating points
below the leader cost one point of score, down to 0:

    score = max(0, 99 - (rating of the board's leader - the model's rating) / 6)

So 100 rating points, odds of 64 to 36, are 17 points. A dimension with several boards takes the mean over those that rate
the model. One without a board of its own takes the mean of related boards and is marked as an estimate: no board measures
factual knowledge, and few models are on the search board. The map is a convention of this project; the ratings are Arena's
(arena.ai, CC BY 4.0).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

LEADER = Decimal(99)
ELO_PER_POINT = Decimal(6)
MEASURED: Mapping[str, tuple[str, ...]] = {
    "quality": ("text/overall",),
    "coding": ("text/coding",),
    "reasoning": ("text/math", "text/hard_prompts"),
    "creative": ("text/creative_writing",),
    "factual": (),
    "analysis": ("text/longer_query",),
    "conversation": ("text/instruction_following", "text/overall"),
    "multimodal": ("vision/overall",),
    "research": ("search/overall",),
}
RELATED: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("reasoning", "creative", "analysis", "conversation", "multimodal"), ("text/overall",)),
    "quality": ("text/hard_prompts", "text/coding"),
    "coding": ("text/hard_prompts", "text/overall"),
    "factual": ("text/expert", "text/overall"),
    "research": ("text/expert", "text/longer_query"),
}
Board = Mapping[str, Decimal]
"""Rating by the board's own name of a model."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rated:
    """A score from 0 to 100 and the boards that it is from."""

    value: Decimal
    boards: tuple[str, ...]
    is_estimated: bool


def profile(boards: Mapping[str, Board], names: Sequence[str]) -> dict[str, Rated]:
    """Scores by dimension of the model that the boards list under `names`, the best-rated variant on each board.

    A model that only a side board rates gets that board's dimension alone: nothing is imputed from it.
    """
    found = {dimension: _rated(boards, MEASURED[dimension], names, is_estimated=False) for dimension in MEASURED}
    for dimension, score in found.items():
        found[dimension] = score or _rated(boards, RELATED[dimension], names, is_estimated=True)
    return {dimension: score for dimension, score in found.items() if score}


def _rated(
    boards: Mapping[str, Board], wanted: Sequence[str], names: Sequence[str], *, is_estimated: bool
) -> Rated | None:
    scores = {board: score for board in wanted if (score := _score(boards.get(board, {}), names)) is not None}
    if not scores:
        return None
    mean = (sum(scores.values(), Decimal(0)) / len(scores)).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    return Rated(value=mean, boards=tuple(scores), is_estimated=is_estimated)


def _score(board: Board, names: Sequence[str]) -> Decimal | None:
    ratings = [board[name] for name in names if name in board]
    return max(Decimal(0), LEADER - (max(board.values()) - max(ratings)) / ELO_PER_POINT) if ratings else None
