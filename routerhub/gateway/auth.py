"""Who asks: the API key in the headers, found in the ring that this process holds."""

from collections.abc import Mapping
from datetime import datetime

from budgets.errors import PermissionMissing
from budgets.keys import KeyRing
from budgets.types import Caller


def identify(headers: Mapping[str, str], ring: KeyRing, now: datetime) -> Caller:
    """The caller, by `Authorization: Bearer` or `x-api-key`. Raises KeyRefused, KeysUnavailable."""
    scheme, _, text = headers.get("authorization", "").partition(" ")
    return ring.find(text.strip() if scheme.lower() == "bearer" else headers.get("x-api-key"), now)


def check_permission(caller: Caller) -> None:
    """That the key may ask here at all. Raises PermissionMissing."""
    if "inference" not in caller.permissions:
        raise PermissionMissing(caller.key_name, "inference", caller.permissions)


def caller_of(headers: Mapping[str, str], ring: KeyRing, now: datetime) -> Caller:
    """Who asks, where the key may ask at all. Raises KeyRefused, KeysUnavailable, PermissionMissing."""
    caller = identify(headers, ring, now)
    check_permission(caller)
    return caller


def user_key(caller: Caller) -> str:
    """What a rollout's share is drawn by: the same for all of a user's keys; a key that is nobody's stands for itself."""
    return f"key {caller.key_id}" if caller.user_id is None else str(caller.user_id)
