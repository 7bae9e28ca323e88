"""Who asks: the API key in the headers, found in the ring that this process holds; and where its request may go."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from autorouter.types import RouterRelease
from budgets.errors import KeyOutOfScope, KeyRefused, PermissionMissing
from budgets.people.keys import KeyRing
from budgets.types import Caller
from routerhub.audit.change import valid_address
from routerhub.gateway.errors import BadRequest
from routerhub.gateway.observation import metrics
from routerhub.gateway.protocols.base import Controls
from routerhub.regions import Regions, restriction, strictest
from routerhub.tenancy import scope

logger = logging.getLogger(__name__)
address_of = lru_cache(4_096)(valid_address)
"""A client asks again and again from the same place."""


def ip_of(client: Sequence[Any] | None) -> str | None:
    """Where a connection comes from, as ASGI's scope tells it: behind a proxy that the server believes, what that one says."""
    return address_of(client[0] if client else None)


def identify(headers: Mapping[str, str], ring: KeyRing, now: datetime) -> Caller:
    """The caller, by `Authorization: Bearer` or `x-api-key`, whose rows alone the request sees from then on.

    Raises KeyRefused, KeysUnavailable.
    """
    scheme, _, text = headers.get("authorization", "").partition(" ")
    caller = ring.find(text.strip() if scheme.lower() == "bearer" else headers.get("x-api-key"), now)
    scope.enter(scope.of_key(caller.account_id, caller.user_id))
    return caller


def note_unknown(refused: KeyRefused, path: str, ip: str | None) -> None:
    """Count and log a call of nobody who is known: it has no record, which would be nobody's."""
    metrics.UNAUTHENTICATED.labels(refused.code).inc()
    logger.info("action=refuse_caller path=%s reason=%s ip=%s", path, refused.code, ip)


def check_permission(caller: Caller) -> None:
    """That the key may ask here at all. Raises PermissionMissing."""
    if "inference" not in caller.permissions:
        raise PermissionMissing(caller.key_name, "inference", caller.permissions)


def check_scope(caller: Caller, path: str, ip: str | None, is_job: bool = False) -> None:
    """That a bound key is used where it may be; a job's was shown when the job was made. Raises KeyOutOfScope."""
    scope = caller.scope
    if scope is None:
        return
    endpoint = path.split("/")[2]
    if scope.endpoints and endpoint not in scope.endpoints:
        raise KeyOutOfScope(caller.key_name, "endpoint", endpoint, scope.endpoints)
    if not is_job and not scope.is_open_at(ip):
        raise KeyOutOfScope(caller.key_name, "address", ip or "unknown", [str(each) for each in scope.networks])


def allowed_models(caller: Caller, router: RouterRelease) -> frozenset[str] | None:
    """The models that the key is bound to, by its own list and by its policies. None: any."""
    scope = caller.scope
    return scope.allowed_models({name: each.models for name, each in router.policies.items()}) if scope else None


def check_choice(caller: Caller, router: RouterRelease, policy: str | None, model: str | None) -> None:
    """That the key may use the policy and the model that are named outright. Raises KeyOutOfScope."""
    if caller.scope and caller.scope.policies and policy and policy not in caller.scope.policies:
        raise KeyOutOfScope(caller.key_name, "policy", policy, caller.scope.policies, "policy")
    allowed = allowed_models(caller, router)
    if allowed is not None and model and model not in allowed:
        raise KeyOutOfScope(caller.key_name, "model", model, allowed, "model")


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
