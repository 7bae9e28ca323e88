"""An alert is raised once for each matter and period, and told again when it gets graver.

The row and what is to be sent for it are written together, so that whoever dies between them and the sending loses nothing.
"""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from psycopg.types.json import Jsonb

from budgets.alerts import waking
from budgets.alerts.types import Finding
from budgets.choices import AlertState, DeliveryState
from budgets.models import Account, Alert, AlertChannel, Delivery, Membership

RAISE = """
    INSERT INTO budgets_alert
        (kind, account_id, user_id, subject, period_start, state, told, title, figures, found_at, changed_at)
    VALUES
        (%(kind)s, %(account_id)s, %(user_id)s, %(subject)s, %(period_start)s, %(state)s, %(state)s, %(title)s, %(figures)s,
         %(moment)s, %(moment)s)
    ON CONFLICT (subject, account_id, user_id, period_start) DO UPDATE SET
        state = excluded.state, told = excluded.told, title = excluded.title, figures = excluded.figures,
        changed_at = excluded.changed_at, acknowledged_at = NULL, acknowledged_by_id = NULL
    WHERE budgets_alert.told = 'ok' OR budgets_alert.told = 'near' AND excluded.told = 'triggered'
    RETURNING id
"""
"""Whoever comes second waits for the first, and then finds that it was told."""
MAX_TITLE = 300


def raise_alert(finding: Finding, channels: Collection[uuid.UUID] = ()) -> bool:
    """Tell of it, unless that was done: True where it is new, or graver than what was told. In a transaction or without one.

    It is told by these channels, and where none of them is there any more by all of those whom it concerns.
    """
    moment = timezone.now()
    with transaction.atomic():
        alert_id = _raised(finding, moment)
        if alert_id is None:
            return False
        told = _channels(finding, channels)
        if told:
            _enqueue(finding, alert_id, told, moment)
            transaction.on_commit(waking.wake)
    return True


def triggered() -> QuerySet[Alert]:
    """Those that nobody has in hand yet, the newest first."""
    found = Alert.objects.filter(state=AlertState.TRIGGERED)
    return found.select_related("account", "user").order_by("-changed_at", "-pk")


def _raised(finding: Finding, moment: datetime) -> int | None:
    values: dict[str, Any] = {
        "kind": finding.kind, "account_id": finding.account_id, "user_id": finding.user_id, "subject": finding.subject,
        "period_start": finding.period_start, "state": finding.state, "title": finding.title[:MAX_TITLE],
        "figures": Jsonb(dict(finding.figures)), "moment": moment,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(RAISE, values)
        row = cursor.fetchone()
    return row[0] if row else None


def _channels(finding: Finding, named: Collection[uuid.UUID]) -> list[AlertChannel]:
    """Those that are active: the named ones; else the person's own and, of what is not their own affair, the account's. Who left
    an account is told nothing of it any more."""
    member = Membership.objects.filter(user=OuterRef("user"), account=OuterRef("account"), is_active=True)
    there = Q(user=None) | Q(user__is_active=True) & (Q(account=None) | Exists(member))
    active = AlertChannel.objects.filter(there, is_active=True)
    chosen = list(active.filter(pk__in=named)) if named else []
    if chosen:
        return chosen
    whose = Q(user=finding.user_id, account=finding.account_id) if finding.user_id is not None else Q(pk=None)
    if finding.account_id is None and finding.user_id is not None:
        whose = Q(user=finding.user_id)
    is_own = finding.user_id is not None and (finding.kind == "spend" or finding.account_id is None)
    if not is_own:
        whose |= Q(user=None, account=finding.account_id)
    return list(active.filter(whose))


def _enqueue(finding: Finding, alert_id: int, channels: Collection[AlertChannel], moment: datetime) -> None:
    message_id, content = new_message_id(), _content(finding, alert_id, moment)
    Delivery.objects.bulk_create(
        delivery(channel, message_id, content, moment, alert_id=alert_id) for channel in channels
    )


def new_message_id() -> str:
    return f"msg_{uuid.uuid4().hex}"


def delivery(
    channel: AlertChannel, message_id: str, content: dict[str, Any], moment: datetime, alert_id: int | None = None
) -> Delivery:
    """What is due to a channel from now on. Saving it is up to the caller."""
    return Delivery(
        message_id=message_id, alert_id=alert_id, account_id=channel.account_id, user_id=channel.user_id, channel=channel,
        channel_name=channel.name, content=content, state=DeliveryState.PENDING, next_try_at=moment, created_at=moment,
    )  # fmt: skip


def _content(finding: Finding, alert_id: int, moment: datetime) -> dict[str, Any]:
    """The message as webhooks get it, with the figures of that moment: the same on each try."""
    accounts = Account.objects.filter(pk__in=[] if finding.account_id is None else [finding.account_id])
    return {
        "type": f"alert.{finding.state}",
        "timestamp": moment.isoformat(),
        "data": {
            "alert": alert_id, "kind": finding.kind, "state": finding.state, "title": finding.title,
            "subject": finding.subject, "account": accounts.values_list("slug", flat=True).first(),
            "period_start": finding.period_start.isoformat(), "figures": dict(finding.figures),
        },
    }  # fmt: skip


def acknowledge(alert: Alert, person: Any) -> None:
    """Somebody has taken it in hand: it stays so until its period ends or it gets graver. Twice keeps the first."""
    Alert.objects.filter(pk=alert.pk, state__in=(AlertState.NEAR, AlertState.TRIGGERED)).update(
        state=AlertState.ACKNOWLEDGED, changed_at=timezone.now(), acknowledged_at=timezone.now(), acknowledged_by=person
    )
    alert.refresh_from_db()


def settle(subject: str, period_start: datetime) -> None:
    """It is well again: found once more, it is told once more."""
    Alert.objects.filter(subject=subject, period_start=period_start).exclude(told=AlertState.OK).update(
        state=AlertState.OK, told=AlertState.OK, changed_at=timezone.now()
    )
