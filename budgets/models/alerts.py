"""What people are told of, by which ways, and what was sent."""

import uuid
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models

from budgets.choices import AlertKind, AlertState, ChannelKind, DeliveryState, Window
from budgets.models.accounts import Account
from routerhub.audit.models import Audited, Fact
from routerhub.tenancy.owners import by_account, by_user

NOBODYS = "Of the account as a whole, where it is nobody's."


def of_user(**options: Any) -> models.ForeignKey:  # type: ignore[type-arg]
    """The column of the person whom a row concerns."""
    return models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", **options)


def of_account(**options: Any) -> models.ForeignKey:  # type: ignore[type-arg]
    return models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", **options)


def demand_member(account: Account, user: Any) -> None:
    """Raises ValidationError."""
    if not account.memberships.filter(user=user, is_active=True).exists():
        raise ValidationError({"user": f"{user} is no member of {account}."})


class Alert(Fact):
    """One matter in one period, whoever saw it: budgets.alerts.raising alone writes it."""

    kind = models.CharField(max_length=16, choices=AlertKind)
    account = of_account(null=True, blank=True)
    user = of_user(null=True, blank=True)
    subject = models.CharField(max_length=200, help_text='The matter in words for machines, e.g. "limit:12".')
    period_start = models.DateTimeField(help_text="1970-01-01 for what has no periods.")
    state = models.CharField(max_length=16, choices=AlertState)
    told = models.CharField(
        max_length=16, choices=AlertState, help_text="The gravest state that was told since it was last ok."
    )
    title = models.CharField(max_length=300)
    figures = models.JSONField(help_text="What led to it, by name with the unit in it.")
    found_at = models.DateTimeField()
    changed_at = models.DateTimeField(help_text="When its state was last another one.")
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    owned_by = by_account() | by_user()

    class Meta:
        ordering = ["-changed_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "account", "user", "period_start"],
                name="one_alert_per_matter_and_period",
                nulls_distinct=False,
            )
        ]
        indexes = [models.Index(fields=["-changed_at", "-id"], name="alert_newest")]

    def __str__(self) -> str:
        return self.title


class AlertChannel(Audited):
    """A way to tell people: the address stays sealed, and what is shown of it tells no secret."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = of_account(null=True, blank=True, help_text="Empty: it is told what concerns the whole site.")
    user = of_user(null=True, blank=True, help_text="Whose own it is. " + NOBODYS)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=16, choices=ChannelKind)
    shown = models.CharField("address", max_length=200, editable=False, help_text="Without what nobody may see of it.")
    sealed = models.BinaryField(editable=False)
    is_active = models.BooleanField("active", default=True)
    final_because = "A channel is not restored: its secrets are kept in no version. Make a new one."
    owned_by = by_account() | by_user()

    class Meta:
        ordering = ["account", "user", "name"]
        verbose_name = "alert channel"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "user", "name"], name="one_channel_of_a_name", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def of_account(cls, account_id: int) -> models.Q:
        return models.Q(account_id=account_id)

    def clean(self) -> None:
        """That a person's channel of an account is a member's. Raises ValidationError."""
        if self.account is not None and self.user is not None:
            demand_member(self.account, self.user)


class AlertRule(Audited):
    """An alert on one's own spend. It never refuses a request."""

    account = of_account()
    user = of_user()
    amount_usd = models.DecimalField(
        "more than", max_digits=18, decimal_places=9, validators=[MinValueValidator(Decimal("0.000000001"))],
        help_text="USD",
    )  # fmt: skip
    window = models.CharField("in", max_length=8, choices=Window, default=Window.HOURS_24)
    is_active = models.BooleanField("on", default=True)
    channels = ArrayField(
        models.UUIDField(),
        default=list,
        blank=True,
        help_text="By which of one's own and the account's. Empty: one's own.",
    )
    named_by = ("user",)
    owned_by = by_account()

    class Meta:
        ordering = ["account", "user", "id"]
        verbose_name = "spend alert"

    def __str__(self) -> str:
        return f"{self.user}: more than ${self.amount_usd.normalize():f} in {self.get_window_display().lower()}"

    @classmethod
    def of_account(cls, account_id: int) -> models.Q:
        return models.Q(account_id=account_id)

    def clean(self) -> None:
        """That it is a member's, and told by channels that are theirs or the account's. Raises ValidationError."""
        demand_member(self.account, self.user)
        allowed = AlertChannel.objects.filter(account=self.account_id).exclude(
            models.Q(user__isnull=False) & ~models.Q(user=self.user_id)
        )
        known = set(allowed.values_list("pk", flat=True))
        if unknown := [str(each) for each in self.channels if each not in known]:
            named = ", ".join(sorted(map(str, known))) or "none"
            raise ValidationError(
                {"channels": f"{', '.join(unknown)}: not one of their own or the account's. Allowed: {named}."}
            )


class Delivery(Fact):
    """One message to one channel: written with the alert, sent later, until it arrives or is given up."""

    message_id = models.CharField(max_length=64, help_text="The webhook id: the same one on each try.")
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, null=True, related_name="deliveries")
    account = of_account(null=True)
    user = of_user(null=True)
    channel = models.ForeignKey(AlertChannel, on_delete=models.SET_NULL, null=True, related_name="deliveries")
    channel_name = models.CharField("to", max_length=100)
    content = models.JSONField()
    state = models.CharField(max_length=16, choices=DeliveryState, default=DeliveryState.PENDING)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, help_text="While one is under way: when it is taken for dead.")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    owned_by = by_account() | by_user()

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name_plural = "deliveries"
        constraints = [models.UniqueConstraint(fields=["message_id", "channel"], name="one_delivery_per_channel")]
        indexes = [
            models.Index(fields=["next_try_at"], name="delivery_due", condition=models.Q(state="pending")),
            models.Index(fields=["-created_at", "-id"], name="delivery_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} to {self.channel_name}"


class DeliveryTry(Fact):
    """How one try to deliver went."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="log")
    account = of_account(null=True)
    user = of_user(null=True)
    number = models.PositiveSmallIntegerField()
    tried_at = models.DateTimeField()
    took_ms = models.PositiveIntegerField()
    status = models.SmallIntegerField(null=True, help_text="Of HTTP, where there was an answer.")
    error = models.CharField(max_length=200, blank=True, help_text="Never what the receiver wrote.")
    owned_by = by_account() | by_user()

    class Meta:
        ordering = ["delivery", "number"]
        verbose_name_plural = "delivery tries"
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="one_try_of_a_number")]

    def __str__(self) -> str:
        return f"{self.delivery}, try {self.number}"


class AlertCheck(Fact):
    """Until when was looked for what is to be told: one row. Whoever looks holds it."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    checked_until = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_alert_check")]

    def __str__(self) -> str:
        return f"{self.checked_until:%Y-%m-%d %H:%M:%S}"
