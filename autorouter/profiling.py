"""Profiles from rated boards. Pure: rows in, scores out.

A rating is an Elo figure: only differences mean anything. On each board the best of the models that are in the catalogue
gets 99, and every 6 points below it cost one point of score (400 Elo points, odds of ten to one, are then 67 points).
The map is a convention of this project, the ratings are Arena's (arena.ai, CC BY 4.0).

A dimension without a board of its own takes the mean of related boards and is marked as an estimate: no board measures
factual knowledge, and few models are on the search board.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal

BEST = Decimal(99)
ELO_PER_POINT = Decimal(6)
BOARDS: Mapping[str, tuple[str, ...]] = {
    "quality": ("arena_text_overall",),
    "coding": ("arena_text_coding",),
    "reasoning": ("arena_text_math", "arena_text_hard_prompts"),
    "creative": ("arena_text_creative_writing",),
    "factual": (),
    "analysis": ("arena_text_longer_query",),
    "conversation": ("arena_text_instruction_following", "arena_text_overall"),
    "multimodal": ("arena_vision_overall",),
    "research": ("arena_search_overall",),
}
RELATED: Mapping[str, tuple[str, ...]] = {
    "quality": ("arena_text_hard_prompts", "arena_text_coding"),
    "coding": ("arena_text_hard_prompts", "arena_text_overall"),
    "reasoning": ("arena_text_overall",),
    "creative": ("arena_text_overall",),
    "factual": ("arena_text_expert", "arena_text_overall"),
    "analysis": ("arena_text_overall",),
    "conversation": ("arena_text_overall",),
    "multimodal": ("arena_text_overall",),
    "research": ("arena_text_expert", "arena_text_longer_query"),
}


def key_of(model_id: str) -> str:
    """The boards' spelling of a model id: the name without provider, dots as dashes."""
    return model_id.partition(":")[2].replace(".", "-")


def best_ratings(rows: Sequence[Mapping[str, str]]) -> dict[str, Decimal]:
    """The highest rating on each board among these rows."""
    boards = {board for boards in (*BOARDS.values(), *RELATED.values()) for board in boards}
    return {
        board: max(ratings) for board in boards if (ratings := [Decimal(row[board]) for row in rows if row.get(board)])
    }


def score(row: Mapping[str, str], dimension: str, best: Mapping[str, Decimal]) -> tuple[Decimal, bool] | None:
    """Score of one dimension and whether it is an estimate; None where no board says anything."""
    for boards, is_estimated in ((BOARDS[dimension], False), (RELATED[dimension], True)):
        points = [BEST - (best[board] - Decimal(row[board])) / ELO_PER_POINT for board in boards if row.get(board)]
        if points:
            mean = sum(points, Decimal(0)) / len(points)
            return max(Decimal(0), mean).quantize(Decimal("0.01"), ROUND_HALF_EVEN), is_estimated
    return None
