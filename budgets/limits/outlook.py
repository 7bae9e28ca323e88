"""What limits would say to a request that holds nothing: for whoever asks what would be chosen, and calls nothing here.

Read across accounts, as the gateway holds it in memory: limits of the whole site count everybody's requests. Of those that nobody
but staff may see it is told that they are full, and no figure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from budgets.limits import index, pauses
from budgets.limits.index import Place
from budgets.limits.pauses import Pause
from budgets.types import Caller, Measure, Spend
from routerhub.tenancy.scope import system

ROOM = """
SELECT l.id, w.subject, l.kind, l.measure, l.period, coalesce(w.cap, l.amount) - coalesce(c.spent + c.reserved, 0)
FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS w (id, subject, cap)
JOIN budgets_limit l ON l.id = w.id
CROSS JOIN LATERAL (
    SELECT budget_period_start(l.period, %s, l.zone, l.every_days, l.starts_on, l.ends_on) AS start
) p LEFT JOIN budgets_counter c ON c.limit_id = l.id AND c.subject = w.subject AND c.period_start = p.start
    AND c.period = l.period AND c.measure = l.measure
WHERE l.is_active AND l.mode <> 'soft' AND l.period <> 'minute' AND p.start IS NOT NULL
ORDER BY l.id
"""
"""Rates are left out: they have room again before anybody calls."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """What one limit has left, in its own measure."""

    kind: str
    measure: Measure
    period: str
    left: int

    def holds(self, wanted: "Wanted") -> bool:
        asked = {"money": wanted.nano, "requests": 1, "tokens": wanted.tokens}[self.measure]
        return asked <= self.left or asked == 0

    def __str__(self) -> str:
        whose = "the site" if self.kind == "site" else f"this {self.kind}"
        return f"the {self.period} limit of {self.measure} of {whose} has no room for it"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What a request would likely take at one model, and the scopes whose limits would count it."""

    scopes: tuple[str, ...]
    nano: int
    tokens: int


def pause(caller: Caller, named: Iterable[str], now: datetime) -> Pause | None:
    """The strictest limit that keeps dear models from answering. Raises DatabaseError."""
    with system():
        found = pauses.load()
    return found.strictest(caller, named, now)


def full(caller: Caller, wanted: Mapping[str, Wanted], now: datetime) -> Mapping[str, Room]:
    """By name, of each that a limit has no room for, the first such limit. Raises DatabaseError."""
    with system():
        known = index.load()
        places = {name: known.places(_spend(caller, each)) for name, each in wanted.items()}
        rooms = _rooms({place for found in places.values() for place in found}, now)
    found: dict[str, Room] = {}
    for name, each in wanted.items():
        met = (rooms.get((limit, subject)) for limit, subject, _ in places[name])
        if (room := next((room for room in met if room and not room.holds(each)), None)) is not None:
            found[name] = room
    return found


def least_money(caller: Caller, now: datetime) -> Room | None:
    """The least that a limit of account, person or key leaves of money; None where none counts the caller. Raises
    DatabaseError."""
    scopes = (f"account:{caller.account_id}", f"user:{caller.user_id}", f"key:{caller.key_id}")
    with system():
        places = index.load().places(_spend(caller, Wanted(scopes=scopes, nano=0, tokens=0)))
        rooms = _rooms(set(places), now).values()
    return min((room for room in rooms if room.measure == "money"), key=lambda room: room.left, default=None)


def _rooms(places: Iterable[Place], now: datetime) -> Mapping[tuple[int, str], Room]:
    asked: Sequence[Place] = sorted(places, key=lambda place: place[:2])
    if not asked:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(ROOM, [*map(list, zip(*asked, strict=True)), now])
        return {
            (limit, subject): Room(kind=kind, measure=measure, period=period, left=left)
            for limit, subject, kind, measure, period, left in cursor.fetchall()
        }


def _spend(caller: Caller, wanted: Wanted) -> Spend:
    """As the index asks for it. Nothing is reserved."""
    return Spend(
        operation_id=UUID(int=0), hop=0, account_id=caller.account_id, key_id=caller.key_id, user_id=caller.user_id,
        scopes=wanted.scopes, amount_nano=wanted.nano, tokens=wanted.tokens, lease_s=0, request=(),
    )  # fmt: skip
