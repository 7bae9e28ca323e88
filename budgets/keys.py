"""API keys: made, shown once, kept as digests; and the ring of all of them that a process holds in memory."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from budgets.errors import AccountClosed, ExpiredKey, KeysUnavailable, MissingKey, RevokedKey, UnknownKey
from budgets.models import Account, ApiKey, default_permissions
from budgets.types import Caller

MARK = "rh_"
SHOWN = 10
"""So many characters of a key are kept in clear, to tell keys apart."""


def digest(text: str) -> str:
    """SHA-256 of the whole key."""
    return hashlib.sha256(text.encode()).hexdigest()


def create_key(
    account: Account, name: str, user: User | None = None, permissions: Sequence[str] | None = None
) -> tuple[ApiKey, str]:
    """A new key and its text, which is shown now and never again."""
    text = MARK + secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        account=account,
        user=user,
        name=name,
        prefix=text[:SHOWN],
        digest=digest(text),
        permissions=list(permissions if permissions is not None else default_permissions()),
    )
    return key, text


@transaction.atomic
def revoke(key: ApiKey) -> None:
    """From now on the key opens nothing. Revoking twice keeps the first moment."""
    if key.revoked_at is None:
        key.revoked_at = timezone.now()
        key.save()


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A key as the ring knows it."""

    caller: Caller
    revoked: bool
    expires_at: datetime | None
    account_is_active: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyRing:
    """Every key by digest. Frozen: a change makes a new ring."""

    held: Mapping[str, Held]
    is_read: bool = True
    """False before the keys were read for the first time."""

    def find(self, text: str | None, now: datetime) -> Caller:
        """Who holds this key. Raises a KeyRefused that says why it does not open, or KeysUnavailable."""
        if not text:
            raise MissingKey
        if not self.is_read:
            raise KeysUnavailable
        found = self.held.get(digest(text))
        if found is None:
            raise UnknownKey(text)
        if found.revoked:
            raise RevokedKey(found.caller.key_name)
        if found.expires_at is not None and found.expires_at <= now:
            raise ExpiredKey(found.caller.key_name, found.expires_at)
        if not found.account_is_active:
            raise AccountClosed(found.caller.account)
        return found.caller


def load_ring() -> KeyRing:
    """All keys, from the database."""
    return KeyRing(held={key.digest: _held(key) for key in ApiKey.objects.select_related("account")})


def find_caller(text: str | None) -> Caller:
    """Who holds this key, asked of the database: for processes without a ring. Raises KeyRefused."""
    keys = ApiKey.objects.select_related("account").filter(digest=digest(text or ""))
    return KeyRing(held={key.digest: _held(key) for key in keys}).find(text, timezone.now())


def _held(key: ApiKey) -> Held:
    caller = Caller(
        key_id=key.pk,
        key_name=key.name,
        account_id=key.account_id,
        account=key.account.slug,
        user_id=key.user_id,
        permissions=frozenset(key.permissions),
    )
    return Held(
        caller=caller,
        revoked=key.revoked_at is not None,
        expires_at=key.expires_at,
        account_is_active=key.account.is_active,
    )
