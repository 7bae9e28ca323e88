"""The system check that policies hold for the application's role: none does for superusers and with BYPASSRLS."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections


@register(Tags.database)
def the_role_is_an_ordinary_one(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Asked before every `migrate`."""
    return [problem for alias in databases or () for problem in _problems(alias)]


def _problems(alias: str) -> list[CheckMessage]:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)")
        return [
            Error(
                f"The role {name} of DATABASE_URL sees the rows of all accounts, whatever the policies say.",
                hint="Let an ordinary role own the database: CREATE ROLE routerhub LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '...'.",
                id="tenancy.E001",
            )
            for (name,) in cursor.fetchall()
        ]
