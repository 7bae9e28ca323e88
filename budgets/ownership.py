"""Whose rows somebody may see: the one place that says so."""

from typing import Any, Self, TypeVar

from django.db.models import Model, QuerySet

from budgets.models import Membership
from routerhub.audit.permissions import may

Row = TypeVar("Row", bound=Model)


class OwnedQuerySet(QuerySet[Row]):
    """Rows that belong to accounts, by `account_id`."""

    def for_caller(self, user: Any) -> Self:
        """Those that a session or a key may see: all with Django's view permission, else those of its own accounts."""
        return self if may(user, "view", self.model) else self.filter(account_id__in=accounts_of(user))


def accounts_of(user: Any) -> list[int]:
    """Ids of a key's account, or of those that a person is a member of."""
    if hasattr(user, "caller"):
        return [user.caller.account_id]
    return list(Membership.objects.filter(user_id=user.pk).values_list("account_id", flat=True))
