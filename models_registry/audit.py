"""Who changed a configuration table, and why: written beside every version of it."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser


def stamp(row: Any, author: AbstractBaseUser | None, reason: str) -> None:
    """The next save of this row keeps author and reason in its history."""
    row._history_user = author
    row._change_reason = reason


def ever_named(model: Any, field: str) -> set[str]:
    """Every value that `field` has now or had in the past: what staff deleted was there, and is gone for a reason."""
    return {*model.objects.values_list(field, flat=True), *model.history.values_list(field, flat=True)}
