"""Which limits somebody sees."""

from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet

from budgets.choices import ScopeKind
from budgets.models import Limit
from budgets.models.limits import EACH
from budgets.people.rights import accounts_open
from routerhub.audit.permissions import may, right

OF_SOMEBODY = Q(account__isnull=False) | Q(kind__in=[ScopeKind.ACCOUNT, ScopeKind.USER, ScopeKind.KEY]) & ~Q(
    subject=EACH
)
"""The others are the site's, and tell what all spend together."""


def visible_limits(user: Any) -> QuerySet[Limit]:
    """Those of a key's account, its keys and its members, or of the accounts whose limits a login's roles let it see, but not the
    site's; with Django's view permission all of them."""
    caller = getattr(user, "caller", None)
    if caller is None and may(user, "view", Limit):
        return Limit.objects.all()
    accounts = [caller.account_id] if caller else accounts_open(user, right("view", Limit))
    return Limit.objects.filter(OF_SOMEBODY, reduce(or_, map(Limit.of_account, accounts), Q(pk__in=[])))
