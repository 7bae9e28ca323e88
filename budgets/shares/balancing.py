"""Where free room should go: to whoever uses it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

ENOUGH = 0.75
"""Who has so large a part of what it should have is left alone, so that room does not wander to and fro."""
EVENLY = 0.1
"""Of what is free, so much is for everybody alike: anybody may begin."""
SHORT = 3
"""Who has less left than its pace counts for so many: it may want more than it could show."""
KEPT = 0.9
"""Of a pace, from one look to the next: what a place used between two looks alone says little."""
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
    """What it uses from look to look, see paced."""

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


def paced(pace: int, used: int) -> int:
    """The pace after a look since which before so much was used."""
    return int(pace * KEPT) + used


def _targets(standings: Sequence[Standing], free: int) -> dict[str, int]:
    """What of the free room each should have."""
    evenly = max(1, int(EVENLY * sum(each.pace for each in standings)) // (len(standings) or 1))
    wants = {each.place: evenly + each.pace * (SHORT if each.free < each.pace else 1) for each in standings}
    return {place: free * want // sum(wants.values()) for place, want in wants.items()}


def scaled(shares: dict[str, int], whole: int) -> dict[str, int]:
    """The shares in the same proportion, so that they make up another whole to the last unit."""
    total = sum(shares.values())
    made = {place: whole * share // total if total else whole // len(shares) for place, share in shares.items()}
    first = max(made, key=made.__getitem__)
    return {**made, first: made[first] + whole - sum(made.values())}
