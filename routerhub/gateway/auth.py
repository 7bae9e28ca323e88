"""Who asks: the API key in the headers, found in the ring that this process holds; and where its request may go."""

from collections.abc import Mapping
from datetime import datetime

from budgets.errors import PermissionMissing
from budgets.people.keys import KeyRing
from budgets.types import Caller
from routerhub.gateway.errors import BadRequest
from routerhub.gateway.protocols.base import Controls
from routerhub.regions import Regions, restriction, strictest
from routerhub.tenancy import scope


def identify(headers: Mapping[str, str], ring: KeyRing, now: datetime) -> Caller:
    """The caller, by `Authorization: Bearer` or `x-api-key`, whose rows alone the request sees from then on.

    Raises KeyRefused, KeysUnavailable.
    """
    scheme, _, text = headers.get("authorization", "").partition(" ")
    caller = ring.find(text.strip() if scheme.lower() == "bearer" else headers.get("x-api-key"), now)
    scope.enter(scope.of_key(caller.account_id, caller.user_id))
    return caller


def check_permission(caller: Caller) -> None:
    """That the key may ask here at all. Raises PermissionMissing."""
    if "inference" not in caller.permissions:
        raise PermissionMissing(caller.key_name, "inference", caller.permissions)


def caller_of(headers: Mapping[str, str], ring: KeyRing, now: datetime) -> Caller:
    """Who asks, where the key may ask at all. Raises KeyRefused, KeysUnavailable, PermissionMissing."""
    caller = identify(headers, ring, now)
    check_permission(caller)
    return caller


def allowed_regions(caller: Caller, controls: Controls) -> Regions:
    """Those that request, key and account allow in common. Raises BadRequest where the request's own are none of theirs."""
    found = strictest(caller.regions, restriction(controls.region))
    if controls.region and not found:
        may = ", ".join(sorted(caller.regions or ())) or "none, since its own and its account's have none in common"
        given = ", ".join(controls.region)
        raise BadRequest(f"routerhub.region: {given!r} was given; allowed for this key are {may}.", "routerhub.region")
    return found


def user_key(caller: Caller) -> str:
    """What a rollout's share is drawn by: the same for all of a user's keys; a key that is nobody's stands for itself."""
    return f"key {caller.key_id}" if caller.user_id is None else str(caller.user_id)
