"""API keys: made, shown once, kept as digests; and the ring of all of them that a process holds in memory."""

import hashlib
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings as site
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, FilteredRelation, Q
from django.utils import timezone

from budgets.choices import KeyPermission, MissingUsage, ScopeKind
from budgets.errors import (
    AccountClosed,
    DisabledKey,
    ExpiredKey,
    KeysUnavailable,
    MemberInactive,
    MissingKey,
    RevokedKey,
    RotatedKey,
    UnknownKey,
)
from budgets.models import Account, ApiKey, Limit, default_permissions
from budgets.people.privacy import keeps_bodies
from budgets.people.roles import KEY_PERMISSIONS
from budgets.people.scopes import scope_of
from budgets.types import Caller, to_nano
from routerhub.audit import history
from routerhub.audit.change import Change
from routerhub.regions import restriction, strictest
from routerhub.releases import rows
from routerhub.tenancy import scope

MADE = Change(reason="made")
MARK = "rh_"
OVERLAP = timedelta(days=1)
"""So long an old secret works beside the new one, where nobody says otherwise."""
MAX_OVERLAP = timedelta(days=90)
MAX_LIMIT_USD = 1_000_000_000
LONG_AGO = datetime.min.replace(tzinfo=UTC)
SHOWN = 10
"""So many characters of a key are kept in clear, to tell keys apart."""


def digest(text: str) -> str:
    """SHA-256 of the whole key."""
    return hashlib.sha256(text.encode()).hexdigest()


def create_key(
    account: Account, name: str, user: User | None = None, permissions: Sequence[str] | None = None,
    *, change: Change = MADE, **settings: Any,
) -> tuple[ApiKey, str]:  # fmt: skip
    """A new key and its text, which is shown now and never again. `settings` are further columns of the key."""
    given = list(permissions if permissions is not None else default_permissions())
    key = ApiKey(account=account, user=user, name=name, permissions=given, **settings)
    return key, make(key, change)


@transaction.atomic
def make(key: ApiKey, change: Change, limit: Mapping[str, Any] | None = None) -> str:
    """Save a new key, and a limit of its own where it has one. Returns its text, which is shown now and never again.

    `limit`: {"amount_usd", "period"}. Raises ValidationError.
    """
    text = _give_secret(key)
    save(key, change)
    if limit:
        own = Limit(
            kind=ScopeKind.KEY, subject=str(key.pk), period=limit["period"], amount=to_nano(limit["amount_usd"])
        )
        own.full_clean()
        history.stamp(own, change)
        own.save()
    return text


def save(key: ApiKey, change: Change) -> None:
    history.stamp(key, change)
    key.save()


def rotate(key: ApiKey, until: datetime, change: Change) -> str:
    """A new secret for the key, which stays the same one to limits and records. Returns its text, which is shown now and never
    again; the old one works `until` then. One that still worked from an earlier rotation ends now.

    Raises ValidationError.
    """
    if key.revoked_at is not None:
        raise ValidationError({"revoked_at": f"The API key {key.name!r} is revoked, and stays so: make a new one."})
    demand_grantable(change.author, key.user, key.permissions)
    if until > timezone.now() + MAX_OVERLAP:
        raise ValidationError({"until": f"{until:%Y-%m-%d %H:%M} is more than {MAX_OVERLAP.days} days from now."})
    key.previous_digest, key.previous_until = key.digest, until
    text = _give_secret(key)
    save(key, change)
    return text


def _give_secret(key: ApiKey) -> str:
    text = MARK + secrets.token_urlsafe(32)
    key.prefix, key.digest = text[:SHOWN], digest(text)
    return text


def demand_grantable(author: Any, user: User | None, permissions: Collection[str]) -> None:
    """Nobody comes by more than they have: an administrator's key has the rights of its person. Raises ValidationError."""
    if author is None or user is None or KeyPermission.ADMIN not in permissions:
        return
    if user != author and not author.is_superuser:
        raise ValidationError({"permissions": f"admin for {user}: only they themselves or a superuser may give that."})


def revoke(key: ApiKey, change: Change) -> None:
    """From now on the key opens nothing, for good: see sql/keys.sql. Revoking twice keeps the first moment."""
    if key.revoked_at is None:
        key.revoked_at = timezone.now()
        save(key, change)


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A key as the ring knows it."""

    digest: str
    previous_digest: str
    """Of the secret before the last rotation; empty where there is none."""
    previous_until: datetime
    """From then on that one opens nothing."""
    caller: Caller
    revoked: bool
    is_enabled: bool
    expires_at: datetime | None
    account_is_active: bool
    has_lost_person: bool = False
    """Whether it belongs to somebody who is switched off, or is in the account no more."""

    def opened(self, now: datetime) -> Caller:
        """Who holds it. Raises RevokedKey, DisabledKey, ExpiredKey, AccountClosed, MemberInactive."""
        if self.revoked:
            raise RevokedKey(self.caller.key_name)
        if not self.is_enabled:
            raise DisabledKey(self.caller.key_name)
        if self.expires_at is not None and self.expires_at <= now:
            raise ExpiredKey(self.caller.key_name, self.expires_at)
        if not self.account_is_active:
            raise AccountClosed(self.caller.account)
        if self.has_lost_person:
            raise MemberInactive(self.caller.key_name, self.caller.account)
        return self.caller


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyRing:
    """Every key by the digests of its secrets. Frozen: a change makes a new ring."""

    held: Mapping[str, Held]
    is_read: bool = True
    """False before the keys were read for the first time."""

    def find(self, text: str | None, now: datetime) -> Caller:
        """Who holds this key. Raises a KeyRefused that says why it does not open, or KeysUnavailable."""
        if not text:
            raise MissingKey
        if not self.is_read:
            raise KeysUnavailable
        given = digest(text)
        found = self.held.get(given)
        if found is None:
            raise UnknownKey(text)
        if given == found.previous_digest and found.previous_until <= now and not found.revoked:
            raise RotatedKey(found.caller.key_name, found.previous_until)
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
SELECT k.id, concat_ws('/', k.xmin, k.ctid, a.xmin, a.ctid, m.xmin, m.ctid, u.is_active, u.is_staff, u.username)
FROM budgets_apikey k JOIN budgets_account a ON a.id = k.account_id
    LEFT JOIN budgets_membership m ON m.account_id = k.account_id AND m.user_id = k.user_id
    LEFT JOIN auth_user u ON u.id = k.user_id
"""
MARKS = ("is_pro", "keeps_responses", "may_cache", "refuses_stand_ins")
"""What of an account a caller carries as it stands."""
COLUMNS = (
    "pk", "digest", "previous_digest", "previous_until", "name", "account_id", "account__slug", "user_id", "permissions",
    "revoked_at", "expires_at", "is_enabled", "max_concurrent", "regions", "account__regions", "account__is_active",
    "models", "policies", "endpoints", "networks", "user__is_active", "user__is_staff", "user__username", "role",
    "account__unpriced_request_usd", "account__missing_usage", "account__bodies", "keeps_bodies", "preferences_id",
    *(f"account__{name}" for name in MARKS),
)  # fmt: skip


def versions() -> dict[int, str]:
    """Every key's version by its id: another one when the key, its account or its person's place in that was changed."""
    return rows.versions(VERSIONS)


def read(ids: Collection[int], accounts: Collection[int] = ()) -> dict[int, Held]:
    """These keys, and all those of these accounts, by id; those that are gone are missing. Raises DatabaseError."""
    return _read(Q(pk__in=ids) | Q(account_id__in=accounts))


def _read(wanted: Q) -> dict[int, Held]:
    """As plain values: ten thousand model instances would hold the interpreter for half a second."""
    own = FilteredRelation(
        "account__memberships", condition=Q(account__memberships__user=F("user"), account__memberships__is_active=True)
    )
    found = ApiKey.objects.filter(wanted).annotate(membership=own, role=F("membership__role")).order_by()
    return {row[0]: _held(row) for row in found.values_list(*COLUMNS)}


def ring_of(held: Iterable[Held]) -> KeyRing:
    ring: dict[str, Held] = {}
    for each in held:
        ring[each.digest] = each
        if each.previous_digest:
            ring[each.previous_digest] = each
    return KeyRing(held=ring)


def load_ring() -> KeyRing:
    """All keys, from the database."""
    return ring_of(read(versions()).values())


def find_caller(text: str | None) -> Caller:
    """Who holds this key, asked of the database: for processes without a ring. Raises KeyRefused."""
    given = digest(text or "")
    with scope.within(scope.Scope(key_digest=given)):
        held = _read(Q(digest=given) | Q(previous_digest=given))
    return ring_of(held.values()).find(text, timezone.now())


def _held(row: tuple[Any, ...]) -> Held:
    """From the columns of COLUMNS."""
    key = dict(zip(COLUMNS, row, strict=True))
    caller = Caller(
        key_id=key["pk"],
        key_name=key["name"],
        account_id=key["account_id"],
        account=key["account__slug"],
        user_id=key["user_id"],
        user=key["user__username"] or "",
        permissions=_permitted(frozenset(key["permissions"]), key["role"]),
        scope=scope_of(key["models"], key["policies"], key["endpoints"], key["networks"]),
        max_concurrent=key["max_concurrent"],
        regions=strictest(restriction(key["regions"]), restriction(key["account__regions"])),
        unpriced_nano=None if (usd := key["account__unpriced_request_usd"]) is None else to_nano(usd),
        keeps_bodies=keeps_bodies(site=site.ANALYTICS_BODIES, account=key["account__bodies"], key=key["keeps_bodies"]),
        preferences_id=key["preferences_id"],
        pays_held=key["account__missing_usage"] == MissingUsage.CEILING,
        **{name: key[f"account__{name}"] for name in MARKS},
    )
    return Held(
        digest=key["digest"],
        previous_digest=key["previous_digest"],
        previous_until=key["previous_until"] or LONG_AGO,
        caller=caller,
        revoked=key["revoked_at"] is not None,
        is_enabled=key["is_enabled"],
        expires_at=key["expires_at"],
        account_is_active=key["account__is_active"],
        has_lost_person=key["user_id"] is not None
        and not (key["user__is_active"] and (key["role"] or key["user__is_staff"])),
    )


def _permitted(given: frozenset[str], role: str | None) -> frozenset[str]:
    """No key may do more than its person, by the role of today."""
    return given & KEY_PERMISSIONS[role] if role else given
