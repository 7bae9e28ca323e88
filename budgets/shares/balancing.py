"""Where free room should go: to whoever uses it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

ENOUGH = 0.75
"""Who has so large a part of what it should have is left alone, so that room does not wander to and fro."""
ALMOST_NOTHING = 0.1
"""Who has less than this part of an even share cannot show what it would use: it is taken to want as much as who uses most."""
CRUMB = 0.001
"""Of all that is free. Less is not worth a transfer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How one place does with its share of a limit. All in the limit's own measure."""

    place: str
    share: int
    used: int
    """Spent and reserved."""
    pace: int = 0
    """What was used since it was looked at before."""

    @property
    def free(self) -> int:
        return max(0, self.share - self.used)


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    giver: str
    taker: str
    amount: int


def moves(standings: Sequence[Standing]) -> tuple[Move, ...]:
    """The transfers after which every place that was short of room has its part, by pace, of all that is free.

    Nobody gives more than is free with them, so that no share falls below what is used of it.
    """
    free = sum(each.free for each in standings)
    targets = _targets(standings, free)
    surplus = {each.place: each.free - targets[each.place] for each in standings}
    givers = sorted(
        (each.place for each in standings if surplus[each.place] > 0), key=surplus.__getitem__, reverse=True
    )
    takers = sorted(
        (each.place for each in standings if each.free < ENOUGH * targets[each.place]), key=surplus.__getitem__
    )
    made = []
    for taker in takers:
        for giver in givers:
            amount = min(surplus[giver], -surplus[taker])
            if amount > CRUMB * free:
                made.append(Move(giver=giver, taker=taker, amount=amount))
                surplus[giver] -= amount
                surplus[taker] += amount
    return tuple(made)


def _targets(standings: Sequence[Standing], free: int) -> dict[str, int]:
    """What of the free room each should have: by pace, and a little of it evenly, since anybody may begin."""
    paces = [each.pace for each in standings]
    little = max(1, sum(paces) // (10 * len(standings) or 1))
    short = ALMOST_NOTHING * free / (len(standings) or 1)
    wants = {
        each.place: little + (max(paces) if each.free <= short else each.pace)
        for each in standings
    }  # fmt: skip
    return {place: free * want // sum(wants.values()) for place, want in wants.items()}


def scaled(shares: dict[str, int], whole: int) -> dict[str, int]:
    """The shares in the same proportion, so that they make up another whole to the last unit."""
    total = sum(shares.values())
    made = {place: whole * share // total if total else whole // len(shares) for place, share in shares.items()}
    first = max(made, key=made.__getitem__)
    return {**made, first: made[first] + whole - sum(made.values())}
