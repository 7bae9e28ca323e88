"""What is to be sent, taken from its table by whoever comes, sent, and written down: at least once, by the same message id.

Who takes a delivery has it for LEASE; who dies with it leaves it to the next one by then.
"""

import logging
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from budgets.alerts.channels import Unreadable, open_address
from budgets.alerts.sending import Message, Outcome, send_all
from budgets.choices import DeliveryState
from budgets.models import Delivery, DeliveryTry

logger = logging.getLogger(__name__)
DELAYS = tuple(
    timedelta(seconds=each) for each in (5, 60, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 24 * 3600)
)
"""Between one try and the next, each a fifth longer or shorter. After the tenth try, some 56 hours on, it is given up."""
MAX_TRIES = len(DELAYS) + 1
JITTER = 0.2
LEASE = timedelta(seconds=60)
"""Longer than sending takes at most."""
KEPT = timedelta(days=90)
AT_ONCE = 16
MAX_PER_TURN = 320


def send_due(now: datetime | None = None) -> int:
    """Send what is due. Returns how many tries were made."""
    made = 0
    while made < MAX_PER_TURN and (taken := take(now or timezone.now())):
        messages, unsendable = _opened(taken)
        outcomes = {**send_all(messages), **unsendable}
        for delivery in taken:
            write_down(delivery, outcomes[delivery.pk], now or timezone.now())
        made += len(taken)
    return made


def take(now: datetime) -> Sequence[Delivery]:
    """Those that are due, for this process alone for LEASE."""
    with transaction.atomic():
        due = Delivery.objects.select_for_update(skip_locked=True).filter(
            state=DeliveryState.PENDING, next_try_at__lte=now
        )
        ids = list(due.order_by("next_try_at").values_list("pk", flat=True)[:AT_ONCE])
        Delivery.objects.filter(pk__in=ids).update(tries=F("tries") + 1, next_try_at=now + LEASE)
    return list(Delivery.objects.filter(pk__in=ids).select_related("channel").order_by("pk"))


def _opened(taken: Sequence[Delivery]) -> tuple[list[Message], dict[int, Outcome]]:
    """What can be sent, and why the rest cannot."""
    messages: list[Message] = []
    unsendable: dict[int, Outcome] = {}
    for delivery in taken:
        channel = delivery.channel
        if channel is None or not channel.is_active:
            unsendable[delivery.pk] = Outcome(error="Its channel is gone or switched off.", is_final=True)
            continue
        try:
            address = open_address(channel)
        except Unreadable:
            unsendable[delivery.pk] = Outcome(error="Its address cannot be read with STORAGE_KEYS.")
            continue
        messages.append(
            Message(
                delivery_id=delivery.pk, message_id=delivery.message_id, kind=channel.kind, url=address.url,
                secrets=address.secrets(timezone.now()), content=delivery.content,
            )
        )  # fmt: skip
    return messages, unsendable


@transaction.atomic
def write_down(delivery: Delivery, outcome: Outcome, now: datetime) -> None:
    """How the try went. What somebody else delivered meanwhile stays delivered."""
    DeliveryTry.objects.create(
        delivery=delivery, account_id=delivery.account_id, user_id=delivery.user_id, number=delivery.tries, tried_at=now,
        took_ms=outcome.took_ms, status=outcome.status, error=outcome.error,
    )  # fmt: skip
    pending = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.PENDING)
    if not outcome.error:
        pending.update(state=DeliveryState.DELIVERED, ended_at=now, next_try_at=None)
    elif outcome.is_final or delivery.tries >= MAX_TRIES:
        pending.update(state=DeliveryState.GIVEN_UP, ended_at=now, next_try_at=None)
    else:
        pending.filter(tries=delivery.tries).update(next_try_at=now + delay(delivery.tries, random.uniform(-1, 1)))  # noqa: S311
    _log(delivery, outcome)


def forget_old(now: datetime) -> int:
    """Of what was delivered or given up, the log is kept for KEPT. Returns how many messages were forgotten."""
    ended = Delivery.objects.filter(ended_at__lt=now - KEPT)
    return ended.delete()[1].get(Delivery._meta.label, 0)


def delay(tries: int, spread: float) -> timedelta:
    """How long after so many tries the next one comes; `spread` from -1 to 1 keeps those of one moment apart."""
    return DELAYS[tries - 1] * (1 + JITTER * spread)


def _log(delivery: Delivery, outcome: Outcome) -> None:
    told: dict[str, Any] = {"message": delivery.message_id, "try": delivery.tries, "problem": outcome.error}
    (logger.warning if outcome.error else logger.info)(
        "action=send_alert message=%(message)s try=%(try)s problem=%(problem)s", told
    )
