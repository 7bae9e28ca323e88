"""Whose rows somebody may see: the one place that says so."""

from typing import Any, Self, TypeVar

from django.db.models import Model, QuerySet

from routerhub.audit.permissions import may

Row = TypeVar("Row", bound=Model)


class OwnedQuerySet(QuerySet[Row]):
    """Rows that belong to accounts, by `account_id`."""

    def for_caller(self, user: Any) -> Self:
        """Those that a login or a key may see: all with Django's view permission; a key those of its account; a login none,
        since it belongs to no one account."""
        if may(user, "view", self.model):
            return self
        caller = getattr(user, "caller", None)
        return self.filter(account_id=caller.account_id) if caller else self.none()
