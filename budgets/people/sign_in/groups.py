"""From what an OpenID Connect provider says of somebody to roles in accounts. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from budgets.choices import Role
from budgets.people.roles import is_below

PLACES = ("id_token", "access_token", "userinfo")
"""Where providers tell of groups."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """A role in an account, by its slug."""

    account: str
    role: Role


def grants_of(raw: Any) -> Mapping[str, Sequence[Grant]]:
    """By group, from {"group": "account:role"} or {"group": ["account:role", ...]}. Raises ValueError."""
    if not isinstance(raw, Mapping):
        raise ValueError("write an object")
    return {group: tuple(_grant(each) for each in _texts(told)) for group, told in raw.items()}


def _grant(text: str) -> Grant:
    account, _, role = text.rpartition(":")
    if not account or role not in Role.values:
        raise ValueError(f"{text!r} is not account:role, with a role of {', '.join(Role.values)}")
    return Grant(account=account, role=Role(role))


def groups_in(told: Mapping[str, Any], claims: Collection[str]) -> frozenset[str]:
    """All groups that any of these claims names in any of the places, as a string or as a list. A claim may lie deeper:
    `realm_access.roles`."""
    return frozenset(
        group for place in PLACES for claim in claims for group in _texts(_at(told.get(place), claim.split(".")))
    )


def roles_by(groups: Collection[str], grants: Mapping[str, Iterable[Grant]]) -> Mapping[str, Role | None]:
    """The role in each account that groups decide over: the highest that somebody's groups give, None where none does."""
    found: dict[str, Role | None] = {grant.account: None for given in grants.values() for grant in given}
    for grant in (grant for group in groups for grant in grants.get(group, ())):
        before = found[grant.account]
        if before is None or is_below(before, grant.role):
            found[grant.account] = grant.role
    return found


def _at(told: Any, path: Sequence[str]) -> Any:
    for name in path:
        told = told.get(name) if isinstance(told, Mapping) else None
    return told


def _texts(told: Any) -> Sequence[str]:
    if isinstance(told, str):
        return (told,)
    return [each for each in told if isinstance(each, str)] if isinstance(told, list | tuple) else ()
