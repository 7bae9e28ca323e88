"""The named sets of preferences of users and accounts: of each owner one is active, and a key may pin one.

What holds for a request is one set of its account's and one of its user's together: the one that its key pins, else the active
one. Every process holds all of them (`PreferenceSets`), and works out what two say together when it is first asked for.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from autorouter import models
from autorouter.decision import rules
from autorouter.decision.rules import InvalidRules, Rule
from autorouter.people.preference_owners import Owner
from autorouter.people.preferences import NONE, Preferences, together
from routerhub.audit import history
from routerhub.audit.change import Change
from routerhub.audit.errors import ChangeRefused
from routerhub.releases import notify, rows

Row = models.Preferences
CHANGED = "preferences"
"""What the processes hear, with the id of the set, when one was changed."""
OF_ACCOUNT = "account: "
"""Stands before the names of an account's rules, so that they are told from a user's own."""
VALUES = (
    "priority", "max_cost_usd", "max_latency_ms", "preferred_providers", "blocked_providers", "rules", "daily_alert_usd",
)  # fmt: skip
"""What a copy of a set takes along."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A set as a process holds it: a user's or an account's."""

    account_id: int | None
    user_id: int | None
    is_active: bool
    preferences: Preferences


class PreferenceSets:
    """All sets by id, and what they come to for whom. Frozen, but for what two of them say together, which is kept."""

    def __init__(self, held: Mapping[int, Held], before: "PreferenceSets | None" = None) -> None:
        """`before`: what was held until now, of which everything is taken over that did not change."""
        self.held = held
        counting = [each for each in held.values() if each.is_active]
        self._of_accounts = {each.account_id: each.preferences for each in counting if each.account_id is not None}
        self._of_users = {each.user_id: each.preferences for each in counting if each.user_id is not None}
        self._together: dict[tuple[int, int], Preferences] = {}
        if before is not None:
            there = {id(each.preferences) for each in held.values()}
            self._together = {pair: found for pair, found in before._together.items() if there.issuperset(pair)}

    def of(self, account_id: int | None, user_id: int | None, pinned: int | None = None) -> Preferences:
        """What holds for the requests of an account (None: of none) and a user. `pinned` is the id of a set of either, which
        stands for the active one; one that is gone, or somebody else's, for nothing."""
        account, own = self._of_accounts.get(account_id or 0), self._of_users.get(user_id or 0)
        if pinned is not None and (found := self.held.get(pinned)):
            if found.account_id is None:
                own = found.preferences if found.user_id == user_id else own
            elif found.account_id == account_id:
                account = found.preferences
        if account is None:
            return NONE if own is None else own
        return account if own is None else self._both(account, own)

    def _both(self, account: Preferences, own: Preferences) -> Preferences:
        """By identity, which is quicker to hash: whatever is a key here is held."""
        pair = (id(account), id(own))
        found = self._together.get(pair)
        if found is None:
            found = self._together[pair] = together(account, own)
        return found


NOBODYS = PreferenceSets({})


def load() -> PreferenceSets:
    """All there are. Raises DatabaseError."""
    return PreferenceSets(read(versions()))


def versions() -> dict[int, str]:
    """The version of every set by its id: another one when it was changed."""
    return rows.versions("SELECT id, concat_ws('/', xmin, ctid) FROM autorouter_preferences")


def read(ids: Collection[int]) -> dict[int, Held]:
    """These sets by id; those that are gone are missing. Raises DatabaseError."""
    return {row.pk: held(row) for row in Row.objects.filter(pk__in=ids).order_by()}


def of(account_id: int | None, user_id: int | None, pinned: int | None = None) -> Preferences:
    """What holds, as PreferenceSets says, asked of the database. Raises DatabaseError."""
    counts = Q(is_active=True) if pinned is None else Q(is_active=True) | Q(pk=pinned)
    found = Row.objects.filter(counts, _whose(account_id, user_id)).order_by()
    return PreferenceSets({row.pk: held(row) for row in found}).of(account_id, user_id, pinned)


def _whose(account_id: int | None, user_id: int | None) -> Q:
    return Q(account_id=account_id, account__isnull=False) | Q(user_id=user_id, user__isnull=False)


def around(owner: Owner, account_id: int | None) -> dict[int, Held]:
    """An owner's sets by id, and those that may hold together with one of them: in an account the account's own, of an account
    its members'."""
    beside = _whose(account_id, owner.user_id) if owner.user_id is not None else Row.of_account(account_id or 0)
    return {row.pk: held(row) for row in Row.objects.filter(beside).order_by()}


def of_owner(owner: Owner) -> QuerySet[Row]:
    """All of an owner's sets, by name, with the keys that pin them."""
    return owner.row().others().prefetch_related("keys").order_by("name")


def held(row: Row) -> Held:
    return Held(
        account_id=row.account_id, user_id=row.user_id, is_active=row.is_active, preferences=value_of(row)
    )  # fmt: skip


def value_of(row: Row) -> Preferences:
    """A row as the router reads it. Rules that an older version wrote and this one cannot read do not fire."""
    return Preferences(
        priority=row.priority or None,  # type: ignore[arg-type]  # the column's choices are the type's
        max_cost_usd=row.max_cost_usd,
        max_latency_ms=row.max_latency_ms,
        preferred_providers=frozenset(row.preferred_providers),
        blocked_providers=frozenset(row.blocked_providers),
        rules=_rules(row),
    )


def _rules(row: Row) -> tuple[Rule, ...]:
    try:
        found = rules.read(row.rules)
    except InvalidRules:
        return ()
    return tuple(replace(rule, name=f"{OF_ACCOUNT}{rule.name}") for rule in found) if row.account_id else found


def active(owner: Owner) -> Row:
    """The active set of an owner; one that is not saved yet, where there is none."""
    new = owner.row()
    return new.others().filter(is_active=True).first() or new


@transaction.atomic
def save(row: Row, change: Change) -> None:
    """Check and save; every process follows when this commits. An owner's first set is the active one, and one that is made
    active takes the place of the one that was. Raises ValidationError."""
    if row._state.adding:
        row.is_active = not row.others().exists()
    row.full_clean(exclude=["is_active"])
    history.stamp(row, change)
    row.save()


def activate(row: Row, change: Change) -> None:
    """From the next request on this one counts for its owner. Raises ValidationError."""
    if not row.is_active:
        row.is_active = True
        save(row, change)


def copy(row: Row, name: str, change: Change) -> Row:
    """Another set of the same owner that says the same. Raises ValidationError."""
    made = Owner.of(row).row()
    made.name = name
    for field in VALUES:
        setattr(made, field, getattr(row, field))
    save(made, change)
    return made


@transaction.atomic
def delete(row: Row, change: Change) -> None:
    """Raises ChangeRefused where something goes by it: it is the active one of several, or keys pin it."""
    if row.is_active and row.others().exists():
        raise ChangeRefused({"is_active": f"{row.name!r} is the active set: make another one active first."})
    if pinning := sorted(row.keys.values_list("name", flat=True)):
        raise ChangeRefused({"keys": f"{row.name!r} is pinned by {', '.join(pinning)}: have these go by another set."})
    history.delete([row], change)


def add_rule(row: Row, rule: Mapping[str, Any], change: Change) -> None:
    """Put a rule before the others of a set, in place of the one of its name. Raises ValidationError."""
    row.rules = [rule, *(each for each in row.rules if each.get("name") != rule.get("name"))]
    save(row, change)


def announce_change(instance: Row, **_: object) -> None:
    """Tell every process, when the transaction commits, which set changed. They make no release: they are their owner's."""
    notify.announce(f"{CHANGED}:{instance.pk}")
