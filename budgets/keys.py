"""API keys: made, shown once, kept as digests; and the ring of all of them that a process holds in memory."""

import hashlib
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone

from budgets.errors import AccountClosed, ExpiredKey, KeysUnavailable, MissingKey, RevokedKey, UnknownKey
from budgets.models import Account, ApiKey, default_permissions
from budgets.types import Caller
from routerhub.audit import history
from routerhub.audit.change import Change
from routerhub.releases import rows

MADE = Change(reason="made")
MARK = "rh_"
SHOWN = 10
"""So many characters of a key are kept in clear, to tell keys apart."""


def digest(text: str) -> str:
    """SHA-256 of the whole key."""
    return hashlib.sha256(text.encode()).hexdigest()


def create_key(
    account: Account, name: str, user: User | None = None, permissions: Sequence[str] | None = None,
    *, expires_at: datetime | None = None, change: Change = MADE,
) -> tuple[ApiKey, str]:  # fmt: skip
    """A new key and its text, which is shown now and never again."""
    text = MARK + secrets.token_urlsafe(32)
    key = ApiKey(
        account=account,
        user=user,
        name=name,
        prefix=text[:SHOWN],
        digest=digest(text),
        permissions=list(permissions if permissions is not None else default_permissions()),
        expires_at=expires_at,
    )
    history.stamp(key, change)
    key.save()
    return key, text


def revoke(key: ApiKey, change: Change) -> None:
    """From now on the key opens nothing, for good: see sql/keys.sql. Revoking twice keeps the first moment."""
    if key.revoked_at is None:
        key.revoked_at = timezone.now()
        history.stamp(key, change)
        key.save()


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A key as the ring knows it."""

    digest: str
    caller: Caller
    revoked: bool
    expires_at: datetime | None
    account_is_active: bool

    def opened(self, now: datetime) -> Caller:
        """Who holds it. Raises RevokedKey, ExpiredKey, AccountClosed."""
        if self.revoked:
            raise RevokedKey(self.caller.key_name)
        if self.expires_at is not None and self.expires_at <= now:
            raise ExpiredKey(self.caller.key_name, self.expires_at)
        if not self.account_is_active:
            raise AccountClosed(self.caller.account)
        return self.caller


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
        return found.opened(now)

    def holder(self, key_id: int, now: datetime) -> Caller:
        """Who holds the key with this id, for work that goes on when nobody shows the key. It looks through all of them.

        Raises a KeyRefused that says why it does not open any more, or KeysUnavailable.
        """
        if not self.is_read:
            raise KeysUnavailable
        found = next((held for held in self.held.values() if held.caller.key_id == key_id), None)
        if found is None:
            raise RevokedKey(f"number {key_id}")
        return found.opened(now)


VERSIONS = """
SELECT k.id, concat_ws('/', k.xmin, k.ctid, a.xmin, a.ctid)
FROM budgets_apikey k JOIN budgets_account a ON a.id = k.account_id
"""
COLUMNS = (
    "pk", "digest", "name", "account_id", "account__slug", "user_id", "permissions", "revoked_at", "expires_at",
    "account__is_active", "account__is_pro", "account__keeps_responses", "account__may_cache", "account__refuses_stand_ins",
)  # fmt: skip


def versions() -> dict[int, str]:
    """Every key's version by its id: another one when the key or its account was changed."""
    return rows.versions(VERSIONS)


def read(ids: Collection[int], accounts: Collection[int] = ()) -> dict[int, Held]:
    """These keys, and all those of these accounts, by id; those that are gone are missing. Raises DatabaseError."""
    return _read(Q(pk__in=ids) | Q(account_id__in=accounts))


def _read(wanted: Q) -> dict[int, Held]:
    """As plain values: ten thousand model instances would hold the interpreter for half a second."""
    return {row[0]: _held(row) for row in ApiKey.objects.filter(wanted).order_by().values_list(*COLUMNS)}


def ring_of(held: Iterable[Held]) -> KeyRing:
    return KeyRing(held={each.digest: each for each in held})


def load_ring() -> KeyRing:
    """All keys, from the database."""
    return ring_of(read(versions()).values())


def find_caller(text: str | None) -> Caller:
    """Who holds this key, asked of the database: for processes without a ring. Raises KeyRefused."""
    return ring_of(_read(Q(digest=digest(text or ""))).values()).find(text, timezone.now())


def _held(row: tuple[Any, ...]) -> Held:
    """From the columns of COLUMNS."""
    key_id, digest, name, account_id, account, user_id, permissions, revoked_at, expires_at, is_active, *marks = row
    is_pro, keeps_responses, may_cache, refuses_stand_ins = marks
    caller = Caller(
        key_id=key_id,
        key_name=name,
        account_id=account_id,
        account=account,
        user_id=user_id,
        permissions=frozenset(permissions),
        is_pro=is_pro,
        keeps_responses=keeps_responses,
        may_cache=may_cache,
        refuses_stand_ins=refuses_stand_ins,
    )
    return Held(
        digest=digest,
        caller=caller,
        revoked=revoked_at is not None,
        expires_at=expires_at,
        account_is_active=is_active,
    )
