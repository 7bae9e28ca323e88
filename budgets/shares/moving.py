"""Room on its way from one database to another. It leaves the one in a transaction that says where it goes, and arrives at the
other in one that says that it did; in between it is nobody's, so that there is never more than the whole."""

import uuid

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from budgets.models import Counter, Limit, ShareTransfer
from budgets.shares import places


def take(limit: Limit, counter: Counter, giver: str, taker: str, amount: int) -> ShareTransfer | None:
    """From the giver's own limit and counter. None where so much is not free any more."""
    alias = limit._state.db
    with transaction.atomic(using=alias):
        enough = Counter.objects.using(alias).filter(
            pk=counter.pk, share__gte=F("spent") + F("reserved") + amount
        )  # fmt: skip
        if not enough.update(share=F("share") - amount):
            return None
        return ShareTransfer.objects.using(alias).create(
            id=uuid.uuid4(), limit=limit, period_start=counter.period_start, giver=giver, taker=taker, amount=amount,
            made_at=timezone.now(),
        )  # fmt: skip


def deliver(sent: ShareTransfer) -> None:
    """Where the taker answers, the room is there, once, however often it is delivered; what comes after its period is over
    arrives nowhere. Raises PlaceAway."""
    with places.reached(sent.taker) as alias, transaction.atomic(using=alias):
        limit = places.twin(sent.limit.shared_as, alias)
        counter = places.running(limit)
        _, is_new = ShareTransfer.objects.using(alias).get_or_create(
            id=sent.id,
            defaults={
                "limit": limit, "period_start": sent.period_start, "giver": sent.giver, "taker": sent.taker,
                "amount": sent.amount, "made_at": sent.made_at, "arrived_at": timezone.now(),
            },
        )  # fmt: skip
        if is_new and counter.period_start == sent.period_start:
            Counter.objects.using(alias).filter(pk=counter.pk).update(share=F("share") + sent.amount)
    ShareTransfer.objects.using(sent._state.db).filter(pk=sent.pk).update(arrived_at=timezone.now())


def under_way(limit: Limit) -> list[ShareTransfer]:
    """What left this limit's database and is not known to have arrived, the oldest first."""
    waiting = ShareTransfer.objects.using(limit._state.db).filter(limit=limit, arrived_at=None)
    return list(waiting.select_related("limit").order_by("made_at"))
