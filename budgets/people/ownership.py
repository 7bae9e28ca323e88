"""Whose rows somebody may see: the one place that says so."""

from typing import Any, Self, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

from budgets.models import Account
from budgets.people.rights import within
from routerhub.audit.permissions import may, right

Row = TypeVar("Row", bound=Model)


def visible(rows: QuerySet[Row], user: Any) -> QuerySet[Row]:
    """Those of a table of accounts that a login or a key may look after: with Django's view permission all of them, else as far
    as the roles go; by a key those of its own account alone."""
    caller = getattr(user, "caller", None)
    found = rows if may(user, "view", rows.model) else rows.filter(within(user, right("view", rows.model), rows.model))
    if caller is None:
        return found
    return found.filter(Q(pk=caller.account_id) if rows.model is Account else Q(account_id=caller.account_id))


def claim(row: Any, user: Any, names_user: bool) -> None:
    """That a login or a key may add such a row of an account, by the right or by the role; where the role adds rows of one's own
    alone, it is theirs, also where that is not said. Raises ValidationError."""
    add, person = right("add", type(row)), getattr(user, "person", user)
    if may(user, "add", type(row)):
        return
    if row.account is None:
        raise ValidationError({"account": "Name an account of yours: only staff add what is the whole site's."})
    if user.has_perm(add, row):
        return
    whose, row.user = getattr(row, "user", None), person
    if not user.has_perm(add, row):
        raise ValidationError({"account": f"Object with slug={row.account.slug} does not exist."})
    if names_user and whose != person:
        raise ValidationError({"user": f"Your role adds what is your own alone: leave it out, or write {person}."})


class OwnedQuerySet(QuerySet[Row]):
    """Rows that belong to accounts, by `account_id`."""

    def for_caller(self, user: Any) -> Self:
        """Those that a login or a key may see: a key those of its account, whatever its permissions; a login all with Django's
        view permission, else those of the accounts in which its role lets it."""
        caller = getattr(user, "caller", None)
        if caller:
            return self.filter(account_id=caller.account_id)
        return (
            self if may(user, "view", self.model) else self.filter(within(user, right("view", self.model), self.model))
        )
