"""The key by which the console's playground calls the gateway for somebody: the page holds its secret for minutes, in memory.

There is one for each person and account. It opens chat completions and nothing else, is none of the person's own keys, gets a new
secret whenever the page asks for one, and opens nothing from its expiry or the person's sign-out on. What it may do follows the
person's role of today, as with every key.
"""

from datetime import timedelta
from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.dispatch import receiver
from django.utils import timezone

from budgets.choices import Endpoint, KeyPermission
from budgets.models import ApiKey, Membership
from budgets.people import keys
from budgets.people.roles import extent
from budgets.types import Caller, to_nano
from routerhub.audit.change import Change, change_by
from routerhub.regions import restriction

NAME = "Playground"
LIFE = timedelta(minutes=10)
"""So long a secret opens anything."""
RIGHT = "budgets.add_apikey"
"""Who may make a key of their own may send: viewers may not."""


def may_send(membership: Membership) -> bool:
    return extent(RIGHT, membership.role) is not None


@transaction.atomic
def open_key(membership: Membership, change: Change) -> tuple[ApiKey, str]:
    """The person's key with a new secret, and its text; the last one works until it would have expired anyway.

    Whoever asks at the same moment waits, so that there is one key.
    """
    Membership.objects.select_for_update(no_key=True).get(pk=membership.pk)
    now, key = timezone.now(), _of(membership)
    if key is None:
        key = ApiKey(
            account=membership.account, user=membership.user, name=NAME, is_playground=True, expires_at=now + LIFE,
            permissions=[KeyPermission.INFERENCE], endpoints=[Endpoint.CHAT],
        )  # fmt: skip
        return key, keys.make(key, change)
    before, key.expires_at = key.expires_at, now + LIFE
    return key, keys.rotate(key, before or now, change)


def caller(membership: Membership) -> Caller:
    """Who asks when the person sends from the playground, also before they ever did."""
    key = _of(membership)
    return _without_key(membership) if key is None else keys.read([key.pk])[key.pk].caller


def _without_key(membership: Membership) -> Caller:
    """As far as a decision goes by it."""
    account = membership.account
    return Caller(
        key_id=0, key_name=NAME, account_id=account.pk, account=account.slug, user_id=membership.user_id,
        user=membership.user.get_username(), permissions=frozenset(), is_pro=account.is_pro,
        refuses_stand_ins=account.refuses_stand_ins, regions=restriction(account.regions),
        unpriced_nano=None if (usd := account.unpriced_request_usd) is None else to_nano(usd),
    )  # fmt: skip


def _of(membership: Membership) -> ApiKey | None:
    return ApiKey.objects.filter(
        account=membership.account, user=membership.user, is_playground=True, revoked_at=None
    ).first()


@receiver(user_logged_out)
def close_keys(request: Any, user: Any, **_: Any) -> None:
    """With the sign-out their secrets open nothing any more."""
    if user is None:
        return
    now = timezone.now()
    for key in ApiKey.objects.filter(user=user, is_playground=True, revoked_at=None, expires_at__gt=now):
        key.expires_at = now
        keys.save(key, change_by(request, "signed out") if request else keys.MADE)
