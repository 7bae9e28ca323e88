"""Views of the requests that people keep."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from budgets.people.rights import accounts_open
from routerhub.audit.models import Audited
from routerhub.audit.permissions import may, right
from routerhub.tenancy.owners import ACCOUNTS, Owner, by_user

SHARED = Owner(
    name="shared within the account", condition="false",
    readable=f"{{table}}.is_shared AND {{table}}.account_id = ANY ({ACCOUNTS})",
)  # fmt: skip
MAX_NAME = 80


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def for_person(self, person: models.Model | None, user: object, records: type[models.Model]) -> "SavedViewQuerySet":
        """Their own, and what is shared with whoever asks (a login or a key): within their accounts, and among staff."""
        accounts = accounts_open(user, right("view", records))
        caller = getattr(user, "caller", None)
        shared = Q(account_id__in=[caller.account_id] if caller else accounts)
        if may(user, "view", records):
            shared |= Q(account_id=None)
        return self.filter(Q(user_id=person.pk if person else None) | Q(is_shared=True) & shared)


class SavedView(Audited):
    """Filters with a name. They are as in an address, and checked when they are used: what a word of theirs once meant may be
    gone."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    account_id = models.BigIntegerField(
        null=True, blank=True, help_text="With whose members it is shared; empty: staff."
    )
    name = models.CharField(max_length=MAX_NAME)
    query = models.JSONField(default=dict, help_text="The filters, by field, and the sorting.")
    is_shared = models.BooleanField("shared", default=False)
    objects = SavedViewQuerySet.as_manager()
    owned_by = by_user() | SHARED

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="one_view_per_name_and_person")]

    def __str__(self) -> str:
        return self.name
