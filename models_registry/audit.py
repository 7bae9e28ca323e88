"""Who changed a configuration table, and why: written beside every version of it."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser


def stamp(row: Any, author: AbstractBaseUser | None, reason: str) -> None:
    """The next save of this row keeps author and reason in its history."""
    row._history_user = author
    row._change_reason = reason
