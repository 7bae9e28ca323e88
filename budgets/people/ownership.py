"""Whose rows somebody may see: the one place that says so."""

from typing import Any, Self, TypeVar

from django.db.models import Model, QuerySet

from routerhub.audit.permissions import may

Row = TypeVar("Row", bound=Model)


class OwnedQuerySet(QuerySet[Row]):
    """Rows that belong to accounts, by `account_id`."""

    def for_caller(self, user: Any) -> Self:
        """Those that a login or a key may see: a key those of its account, whatever its permissions; a login, which belongs
        to no one account, all with Django's view permission, else none."""
        caller = getattr(user, "caller", None)
        if caller:
            return self.filter(account_id=caller.account_id)
        return self if may(user, "view", self.model) else self.none()
