"""Which limits somebody sees."""

from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet

from budgets.models import Limit
from budgets.people.rights import accounts_open
from routerhub.audit.permissions import may, right


def visible_limits(user: Any) -> QuerySet[Limit]:
    """Those that count requests of a key's account, or of the accounts whose limits a login's roles let it see; with Django's
    view permission all of them."""
    caller = getattr(user, "caller", None)
    if caller is None and may(user, "view", Limit):
        return Limit.objects.all()
    accounts = [caller.account_id] if caller else accounts_open(user, right("view", Limit))
    return Limit.objects.filter(reduce(or_, map(Limit.of_account, accounts), Q(pk__in=[])))
