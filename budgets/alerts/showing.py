"""Alerts, own rules, channels and messages for people: who sees them, and each in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime

from budgets.alerts import marks
from budgets.alerts.spending import spent_now
from budgets.choices import AlertState, DeliveryState
from budgets.models import Account, Alert, AlertChannel, AlertRule, Delivery
from budgets.money import rounded
from budgets.people.ownership import visible
from budgets.people.rights import within
from budgets.types import to_nano
from routerhub.audit.permissions import may, right

OPEN = (AlertState.TRIGGERED, AlertState.NEAR)
NEWEST = ("-changed_at", "-id")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """Somebody's own alert with what it comes to at present."""

    row: AlertRule
    spent: str
    percent: int
    state: str
    """ok, near or triggered."""
    told_by: str


def alerts(user: Any) -> QuerySet[Alert]:
    """What a login sees: by the right all, else by its roles, and what concerns itself in all its accounts."""
    if may(user, "view", Alert) or getattr(user, "caller", None):
        return visible(Alert.objects.all(), user)
    return Alert.objects.filter(within(user, right("view", Alert), Alert) | Q(account=None, user=user.pk))


def open_alerts(user: Any, account: Account) -> QuerySet[Alert]:
    """Those of an account, and one's own, that wait for somebody: the gravest first, then the newest."""
    own = Q(account=account) | Q(account=None, user=user.pk)
    found = alerts(user).filter(
        own, within(user, right("view", Alert), Alert) | Q(account=None, user=user.pk), state__in=OPEN
    )
    return found.select_related("account", "user").order_by("-state", *NEWEST)


def rules(user: Any, account: Account, now: datetime) -> list[Rule]:
    """A person's own in an account, those nearest to their amount first, what is off last."""
    found = list(AlertRule.objects.filter(account=account, user=user.pk).select_related("account", "user"))
    spent, names = spent_now(found, now), {each.pk: each.name for each in channels(user, account)}
    return sorted(
        (_rule(row, spent[row.pk], names) for row in found), key=lambda each: (not each.row.is_active, -each.percent)
    )


def channels(user: Any, account: Account) -> QuerySet[AlertChannel]:
    """By which a person may be told in an account: their own and the account's."""
    return AlertChannel.objects.filter(Q(user=user.pk) | Q(user=None), account=account).order_by("user", "name")


def deliveries(user: Any, account: Account) -> QuerySet[Delivery]:
    """What was sent, the newest first."""
    return visible(Delivery.objects.filter(account=account), user).select_related("user")


def _rule(row: AlertRule, spent: int, names: dict[Any, str]) -> Rule:
    amount = to_nano(row.amount_usd)
    return Rule(
        row=row, spent=rounded(spent), percent=marks.percent(spent, amount), state=marks.state_at(spent, amount) or "ok",
        told_by=", ".join(names[each] for each in row.channels if each in names) or "all of your own channels",
    )  # fmt: skip


def figures_of(alert: Alert) -> list[tuple[str, str]]:
    """Names in words, without what is not there."""
    return [(_words(name), _shown(name, value)) for name, value in alert.figures.items() if value is not None]


def sent(found: Iterable[Delivery], now: datetime) -> list[dict[str, Any]]:
    """Each with its title, and how it stands in words."""
    return [{"row": each, "title": each.content["data"]["title"], "state": state_of(each, now)} for each in found]


def state_of(row: Delivery, now: datetime) -> str:
    """In words, with when it is tried again."""
    if row.state != DeliveryState.PENDING or row.next_try_at is None:
        return row.get_state_display().lower()
    left = max(timedelta(), row.next_try_at - now)
    return "due" if not left else f"next try in {_span(left)}"


def _words(name: str) -> str:
    return name.removesuffix("_usd").replace("_", " ")


def _shown(name: str, value: Any) -> str:
    if name.endswith("_at") and (moment := parse_datetime(str(value))):
        return f"{moment:%Y-%m-%d %H:%M} UTC"
    return f"${value}" if name.endswith("_usd") else str(value)


def _span(left: timedelta) -> str:
    minutes, seconds = divmod(round(left.total_seconds()), 60)
    return f"{seconds} s" if not minutes else f"{minutes} min" if minutes < 90 else f"{round(minutes / 60)} h"
