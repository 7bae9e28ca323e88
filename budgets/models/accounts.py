"""Who spends: accounts and their members."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models

from budgets.choices import MissingUsage, Role
from budgets.limits.zones import check_zone
from routerhub.audit.errors import ChangeRefused
from routerhub.audit.models import Audited
from routerhub.region_fields import regions_field
from routerhub.tenancy.owners import by_account, by_user


class Account(Audited):
    """An organisation that spends."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    is_active = models.BooleanField("active", default=True)
    is_pro = models.BooleanField("pro", default=False, help_text="May use the models that are marked pro.")
    keeps_responses = models.BooleanField(
        default=True,
        help_text="Responses are kept, so that they can be read and gone on from, unless a request says no.",
    )
    may_cache = models.BooleanField(
        "may use the cache",
        default=False,
        help_text="Requests that ask for it are answered by an earlier equal answer.",
    )
    refuses_stand_ins = models.BooleanField(
        default=False,
        help_text="Who names a retired model gets an error that names the successor, and not the successor's answer.",
    )
    regions = regions_field(
        "The only ones that its requests may be processed in, e.g. eu,ch. Empty: any. Key and request may restrict them further."
    )
    timezone = models.CharField(
        "time zone", max_length=64, default="UTC", db_default="UTC", validators=[check_zone],
        help_text="In which its days, weeks and months begin, e.g. Europe/Berlin.",
    )  # fmt: skip
    unpriced_request_usd = models.DecimalField(
        "charge without a price",
        max_digits=18,
        decimal_places=9,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
        help_text="US dollars for each answer of a model that has no price: held, charged and marked. Empty: it is refused.",
    )
    missing_usage = models.CharField(
        max_length=16,
        choices=MissingUsage,
        default=MissingUsage.ESTIMATE,
        help_text="What is charged where a provider does not tell what it used.",
    )
    legal_hold = models.BooleanField(
        default=False,
        help_text="What is recorded of it is kept beyond its time, until this ends. Say in the reason what for.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    owned_by = by_account("id")

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name

    def delete(self, *arguments: Any, **options: Any) -> tuple[int, dict[str, int]]:
        """Raises ChangeRefused while a legal hold is on it, which would end with it."""
        if self.legal_hold:
            raise ChangeRefused({"": f"{self} is under legal hold: end that first."})
        return super().delete(*arguments, **options)

    @classmethod
    def of_account(cls, account_id: int) -> models.Q:
        return models.Q(id=account_id)


class Membership(Audited):
    """A person's role in an account."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role, default=Role.MEMBER)
    is_active = models.BooleanField(
        "active", default=True, help_text="Off: they see nothing here, and their keys open nothing."
    )
    final_because = "A membership is not restored: who left an account is invited again."
    named_by = ("user", "account")
    owned_by = by_account() | by_user()

    class Meta:
        ordering = ["account", "user"]
        constraints = [models.UniqueConstraint(fields=["account", "user"], name="one_membership_per_account")]

    def __str__(self) -> str:
        return f"{self.user} in {self.account}"

    @classmethod
    def of_account(cls, account_id: int) -> models.Q:
        return models.Q(account_id=account_id)
