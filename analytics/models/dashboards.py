"""Dashboards that people compose."""

from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from analytics.dashboards import composing
from analytics.dashboards.ranges import PRESETS, USUAL
from budgets.people.ownership import visible
from routerhub.audit.models import Audited
from routerhub.audit.permissions import may
from routerhub.tenancy.owners import by_account, by_user


class Visibility(models.TextChoices):
    PRIVATE = "private", "Only me"
    ACCOUNT = "account", "Everybody of the account"


def validate_tiles(given: Any) -> None:
    composing.read(given)


def validate_where(given: Any) -> None:
    composing.read_where(given)


class DashboardQuerySet(models.QuerySet["Dashboard"]):
    def for_caller(self, user: Any) -> Self:
        """Those that a login or a key may see: its own, and those that others of the account share; with Django's view permission
        all of them."""
        found: Any = visible(self, user)
        if may(user, "view", Dashboard):
            return found  # type: ignore[no-any-return]
        person = getattr(user, "person", user)
        own = models.Q(user_id=person.pk) if person else models.Q()
        return found.filter(own | models.Q(visibility=Visibility.ACCOUNT))  # type: ignore[no-any-return]


class Dashboard(Audited):
    """A page of tiles that somebody composed. It shows the figures of its account alone; without one, those of the whole site."""

    account = models.ForeignKey(
        "budgets.Account", on_delete=models.CASCADE, related_name="+", null=True, blank=True,
        help_text="Whose figures it shows. Empty: the whole site's, which staff alone see.",
    )  # fmt: skip
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", help_text="Whose own it is."
    )
    name = models.CharField(max_length=100)
    visibility = models.CharField("shown to", max_length=8, choices=Visibility, default=Visibility.PRIVATE)
    range = models.CharField(
        max_length=16, choices=[(name, preset.word) for name, preset in PRESETS.items()], default=USUAL
    )
    where = models.JSONField(
        "filters", default=dict, blank=True, validators=[validate_where],
        help_text='Values by dimension, as in {"model": ["openai:gpt-6.1-sol"]}. Of keys and users, their ids.',
    )  # fmt: skip
    tiles = models.JSONField(default=list, blank=True, validators=[validate_tiles])
    named_by = ("user",)
    owned_by = by_account() | by_user()
    objects = DashboardQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "user", "name"], name="one_dashboard_of_a_name", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def of_account(cls, account_id: int) -> models.Q:
        return models.Q(account_id=account_id, visibility=Visibility.ACCOUNT)

    def clean(self) -> None:
        """That a dashboard of an account is a member's, or staff's. Raises ValidationError."""
        if self.account is None or self.user_id is None or self.user.is_staff:
            return
        if not self.account.memberships.filter(user=self.user_id, is_active=True).exists():
            raise ValidationError({"user": f"{self.user} is no member of {self.account}."})
