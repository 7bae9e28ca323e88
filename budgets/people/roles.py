"""What each role may do in its account: the one table of it, from which access, docs and the matrix of tests are made. Pure.

A right is named as Django names permissions. Members are no staff: their rights count for rows of their own accounts alone.
"""

from collections.abc import Mapping
from typing import Literal

from budgets.choices import KeyPermission, Role

Extent = Literal["account", "own"]
"""All rows of the account, or those that are the person's own."""
Row = tuple[Extent | None, Extent | None, Extent | None, Extent | None]
ORDER = (Role.OWNER, Role.ADMIN, Role.MEMBER, Role.VIEWER)
"""From the one that may do most: nobody gives a role that stands before their own, or takes it from somebody."""

ALL: Row = ("account", "account", "account", "account")
RUN: Row = ("account", "account", None, None)
OWN: Row = ("account", "account", "own", "own")
BOOKS: Row = ("account", "account", "own", "account")
TABLE: Mapping[str, Row] = {
    "budgets.view_account": ALL,
    "budgets.change_account": RUN,
    "budgets.view_membership": ALL,
    "budgets.change_membership": RUN,
    "budgets.delete_membership": OWN,
    "budgets.view_invitation": RUN,
    "budgets.add_invitation": RUN,
    "budgets.change_invitation": RUN,
    "budgets.view_apikey": OWN,
    "budgets.add_apikey": ("account", "account", "own", None),
    "budgets.change_apikey": ("account", "account", "own", None),
    "budgets.view_limit": ALL,
    "budgets.add_limit": RUN,
    "budgets.change_limit": RUN,
    "budgets.delete_limit": RUN,
    "budgets.view_ledgerentry": BOOKS,
    "budgets.view_billingrecord": ("account", "account", None, "account"),
    "budgets.view_alert": OWN,
    "budgets.change_alert": OWN,
    "budgets.view_alertrule": OWN,
    "budgets.add_alertrule": OWN,
    "budgets.change_alertrule": OWN,
    "budgets.delete_alertrule": OWN,
    "budgets.view_alertchannel": OWN,
    "budgets.add_alertchannel": OWN,
    "budgets.change_alertchannel": OWN,
    "budgets.delete_alertchannel": OWN,
    "budgets.view_delivery": OWN,
    "audit.view_event": RUN,
    "analytics.view_record": ALL,
    "analytics.view_body": RUN,
    "analytics.delete_body": RUN,
    "analytics.view_feedback": ALL,
    "analytics.view_dashboard": ALL,
    "analytics.add_dashboard": OWN,
    "analytics.change_dashboard": OWN,
    "analytics.delete_dashboard": OWN,
    "analytics.view_selection": ALL,
    "analytics.change_selection": ("account", "account", "account", None),
    "autorouter.view_session": ALL,
    "analytics.add_feedback": ("account", "account", "account", None),
    "batches.view_batch": ALL,
    "experiments.view_experiment": ALL,
    "experiments.add_experiment": ("account", "account", "own", None),
    "experiments.change_experiment": ("account", "account", "own", None),
    "experiments.delete_experiment": ("account", "account", "own", None),
    "models_registry.view_model": ALL,
}
"""By right, for owner, admin, member and viewer."""
ACCOUNT_FIELDS = frozenset({"name", "keeps_responses", "bodies", "body_retention_days", "refuses_stand_ins", "regions"})
"""What of an account its own people may change; the rest is for staff."""
KEY_PERMISSIONS: Mapping[str, frozenset[str]] = {
    **{role.value: frozenset(KeyPermission.values) for role in ORDER},
    Role.VIEWER.value: frozenset({KeyPermission.ROUTING.value}),
}
"""The most that a person's key may do, by the person's role."""


def extent(right: str, role: str) -> Extent | None:
    """How far a right goes in a role; None: not at all."""
    row = TABLE.get(right)
    return row[ORDER.index(Role(role))] if row else None


def is_below(role: str, other: str) -> bool:
    """Whether a role may do less than another."""
    return ORDER.index(Role(role)) > ORDER.index(Role(other))
