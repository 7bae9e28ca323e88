"""Keep every limit that is dealt out in order, from home: what is on its way arrives, a changed limit is changed everywhere, and
free room goes to where it is used. Repeatable, and by one at a time."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from budgets.errors import PlaceAway
from budgets.models import Counter, Limit, Share
from budgets.shares import balancing, dealing, moving, places
from budgets.shares.balancing import Standing, paced
from routerhub.audit.change import Change

logger = logging.getLogger(__name__)
FOLLOWS = Change(reason="follows the limit at home")


@dataclass(frozen=True, kw_only=True, slots=True)
class At:
    """The limit as one place has it, with its counter of the running period."""

    limit: Limit
    counter: Counter

    @property
    def share(self) -> int:
        return self.counter.share or 0

    @property
    def used(self) -> int:
        return self.counter.spent + self.counter.reserved


def rebalance() -> int:
    """Every limit that is dealt out. Returns how many transfers were made; 0 where another process is at it."""
    with places.alone(wait=False) as is_alone:
        return sum(_rebalance(limit) for limit in Limit.objects.exclude(shared_as=None)) if is_alone else 0


def _rebalance(limit: Limit) -> int:
    found, problems = _ask(limit)
    is_settled = _deliver(found)
    if is_settled and not problems:
        _follow(limit, found)
    found = {place: _again(at) for place, at in found.items()}
    standings = _standings(limit, found)
    made = _move(found, standings)
    _note(limit, found, standings, problems)
    return made


def _ask(limit: Limit) -> tuple[dict[str, At], dict[str, str]]:
    """Every place that answers and is in the same period, and what is wrong with the others."""
    found: dict[str, At] = {}
    problems = {}
    for place in places.aliases():
        try:
            with places.reached(place) as alias:
                there = places.twin(limit.shared_as, alias)
                found[place] = At(limit=there, counter=places.running(there))
        except PlaceAway as away:
            problems[place] = str(away)
        except Limit.DoesNotExist:
            problems[place] = f"{place} does not have this limit: deal it out again."
    home = next(iter(found.values()))
    for place in [each for each, at in found.items() if at.counter.period_start != home.counter.period_start]:
        problems[place] = f"{place} is in another period: its clock differs."
        del found[place]
    return found, problems


def _deliver(found: Mapping[str, At]) -> bool:
    """What is on its way. Returns whether nothing is left."""
    is_settled = True
    for at in found.values():
        for sent in moving.under_way(at.limit):
            try:
                moving.deliver(sent)
            except PlaceAway as away:
                is_settled = False
                logger.warning("action=share_waits transfer=%s problem=%s", sent.id, away)
    return is_settled


def _follow(limit: Limit, found: Mapping[str, At]) -> None:
    """A limit that was changed at home is changed everywhere, the running period too. All places answer."""
    for at in found.values():
        dealing.follow(at.limit, limit, FOLLOWS)
    standing = {place: at.limit.share or 0 for place, at in found.items()}
    if sum(standing.values()) != limit.amount:
        dealing.set_shares(limit, balancing.scaled(standing, limit.amount), FOLLOWS)
    gap = limit.amount - sum(at.share for at in found.values())
    for at in found.values():
        gap -= _change_share(at, gap)


def _change_share(at: At, by: int) -> int:
    """Returns by how much it was changed: it is not lowered below what is used."""
    alias = at.limit._state.db
    with transaction.atomic(using=alias):
        counter = Counter.objects.using(alias).select_for_update().get(pk=at.counter.pk)
        free = (counter.share or 0) - counter.spent - counter.reserved
        changed = max(by, -max(0, free))
        if changed:
            Counter.objects.using(alias).filter(pk=counter.pk).update(share=F("share") + changed)
    return changed


def _again(at: At) -> At:
    at.counter.refresh_from_db()
    return at


def _standings(limit: Limit, found: Mapping[str, At]) -> list[Standing]:
    """With the pace as of this look."""
    last = {each.place: each for each in Share.objects.filter(limit=limit)}
    made = []
    for place, at in found.items():
        before = last.get(place)
        is_same = before is not None and before.period_start == at.counter.period_start
        since = at.used - before.used if before is not None and is_same else at.used
        pace = paced(before.pace if before is not None else 0, max(0, since))
        made.append(Standing(place=place, share=at.share, used=at.used, pace=pace))
    return made


def _move(found: Mapping[str, At], standings: list[Standing]) -> int:
    made = 0
    for move in balancing.moves(standings):
        giver = found[move.giver]
        sent = moving.take(giver.limit, giver.counter, move.giver, move.taker, move.amount)
        if sent is None:
            continue
        made += 1
        logger.info(
            "action=share_moved limit=%s giver=%s taker=%s amount=%d",
            giver.limit.shared_as,
            move.giver,
            move.taker,
            move.amount,
        )
        try:
            moving.deliver(sent)
        except PlaceAway as away:
            logger.warning("action=share_waits transfer=%s problem=%s", sent.id, away)
    return made


def _note(limit: Limit, found: Mapping[str, At], standings: list[Standing], problems: Mapping[str, str]) -> None:
    """How every place does, to look at."""
    for standing in standings:
        counter = _again(found[standing.place]).counter
        Share.objects.update_or_create(
            limit=limit, place=standing.place,
            defaults={
                "period_start": counter.period_start, "amount": counter.share or 0, "used": standing.used,
                "pace": standing.pace, "seen_at": timezone.now(), "problem": "",
            },
        )  # fmt: skip
    for place, problem in problems.items():
        Share.objects.filter(limit=limit, place=place).update(problem=problem[:200])
