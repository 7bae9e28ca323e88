"""Whose the rows of a table are: said once, at its model (`owned_by`), and put in force by a migration (`protected`)."""

from collections.abc import Mapping
from dataclasses import dataclass

SYSTEM = "current_setting('routerhub.scope', true) = 'system'"
ACCOUNTS = "nullif(current_setting('routerhub.accounts', true), '')::bigint[]"
USER = "nullif(current_setting('routerhub.user', true), '')::bigint"
"""What a statement carries (see scope.py); null where it carries nothing. Neither these nor an owner's condition on a table of
the ledger is a subquery: each would be set up anew by every statement of a batch, which took half as long again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """Whose a row is. In the conditions, the row's table is `{table}`."""

    name: str
    """What it is kept under in the database, so that a test finds one that differs from its model's."""
    condition: str
    """By which a row is seen and written."""
    readable: str = ""
    """By which it is seen besides by all who say who they are, though it belongs to somebody else; empty: by nobody."""

    def __or__(self, other: "Owner") -> "Owner":
        """Of either."""
        return Owner(
            name=f"{self.name} or {other.name}",
            condition=f"{self.condition} OR {other.condition}",
            readable=" OR ".join(filter(None, (self.readable, other.readable))),
        )


def by_account(column: str = "account_id") -> Owner:
    """Of the account that a column names."""
    return Owner(name=f"account {column}", condition=f"{{table}}.{column} = ANY ({ACCOUNTS})")


def by_user(column: str = "user_id") -> Owner:
    """Of the person that a column names."""
    return Owner(name=f"user {column}", condition=f"{{table}}.{column} = {USER}")


def by_member(column: str = "user_id") -> Owner:
    """Of the person that a column names, and of the accounts that they are a member of, which look after it."""
    of_accounts = Owner(
        name="their accounts",
        condition="EXISTS (SELECT FROM budgets_membership member"
        f" WHERE member.user_id = {{table}}.{column} AND member.account_id = ANY ({ACCOUNTS}))",
    )
    return by_user(column) | of_accounts


def through(column: str, table: str) -> Owner:
    """Of whoever sees the row of another table whose id is in a column."""
    return Owner(name=f"through {column} to {table}", condition=f"sees_row('{table}', {{table}}.{column})")


def seen_through(column: str, table: str) -> Owner:
    """Of the product, which writes it across accounts; seen by whoever sees the row of another table whose id is in a column."""
    found = through(column, table)
    return Owner(name=f"seen {found.name}", condition="false", readable=found.condition)


OWNING_COLUMNS = ("account_id", "user_id", "key_id", "limit_id")
"""A table that has one of these belongs to somebody, or is exempt."""
EXEMPT: Mapping[str, str] = {
    "account_emailaddress": "how somebody signs in, which is looked up to find out who asks",
    "mfa_authenticator": "how somebody signs in, which is looked up to find out who asks",
    "socialaccount_socialaccount": "how somebody signs in, which is looked up to find out who asks",
    "socialaccount_socialtoken": "how somebody signs in, which is looked up to find out who asks",
    "usersessions_usersession": "sessions, which are looked up to find out who asks",
    "auth_user_groups": "rights, which are looked up to find out what may be seen",
    "auth_user_user_permissions": "rights, which are looked up to find out what may be seen",
    "django_admin_log": "what staff did in the admin, which staff alone may open",
}
"""Tables with such a column that have no policy, and why."""
