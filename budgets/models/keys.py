"""What applications call with."""

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q, UniqueConstraint

from budgets.choices import Endpoint, KeyPermission
from budgets.models.accounts import Account, Membership
from budgets.people.scopes import network
from routerhub.audit.models import Audited, Fact
from routerhub.region_fields import regions_field
from routerhub.regions import restriction, strictest
from routerhub.tenancy.owners import by_account


def default_permissions() -> list[str]:
    return [KeyPermission.INFERENCE.value, KeyPermission.ROUTING.value]


def check_networks(texts: Collection[str]) -> None:
    """Raises ValidationError."""
    for text in texts:
        try:
            network(text)
        except ValueError as problem:
            raise ValidationError(
                f"{problem}. Write addresses or ranges such as 10.0.0.0/8 or 2001:db8::/32."
            ) from problem


class ApiKey(Audited):
    """A secret that an application calls with. Only its SHA-256 is kept: 256 random bits need no slow hash."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="keys")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16, editable=False, help_text="The first characters, to tell keys apart.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    permissions = ArrayField(models.CharField(max_length=16, choices=KeyPermission), default=default_permissions)
    created_at = models.DateTimeField(auto_now_add=True)
    regions = regions_field(
        "The only ones that its requests may be processed in, of those that the account allows. Empty: all of these."
    )
    max_concurrent = models.PositiveIntegerField(
        "concurrent requests", null=True, blank=True, validators=[MinValueValidator(1)],
        help_text="The most of its requests that may be under way at once, in all processes together. Empty: any number.",
    )  # fmt: skip
    keeps_bodies = models.BooleanField(
        "keeps what is said", null=True, blank=True,
        help_text="Whether its requests and answers are kept, where its account keeps any. Empty: as the account says.",
    )  # fmt: skip
    is_enabled = models.BooleanField("enabled", default=True, help_text="Off: it opens nothing until it is on again.")
    previous_digest = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    previous_until = models.DateTimeField(
        "old secret until",
        null=True,
        editable=False,
        help_text="So long the secret before the last rotation works too.",
    )
    policies = ArrayField(
        models.CharField(max_length=64), default=list, blank=True,
        help_text="Those whose models alone may answer its requests, and which it may name. Empty: any.",
    )  # fmt: skip
    endpoints = ArrayField(
        models.CharField(max_length=16, choices=Endpoint), default=list, blank=True,
        help_text="What alone it may call. Empty: everything.",
    )  # fmt: skip
    networks = ArrayField(
        models.CharField(max_length=49), default=list, blank=True, validators=[check_networks],
        help_text="From where alone it opens anything, e.g. 10.0.0.0/8,2001:db8::/32. Empty: from anywhere.",
    )  # fmt: skip
    preferences = models.ForeignKey(
        "autorouter.Preferences", on_delete=models.SET_NULL, null=True, blank=True, related_name="keys",
        help_text="The set of its person's or its account's by which its requests go. Empty: the active one.",
    )  # fmt: skip
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    is_playground = models.BooleanField(
        "playground's", default=False, editable=False,
        help_text="The console calls with it for its person, see budgets.people.playground. It is none of their own keys.",
    )  # fmt: skip
    models = ArrayField(
        models.CharField(max_length=128), default=list, blank=True,
        help_text="The only ones that may answer its requests, by id. Empty: any.",
    )  # fmt: skip
    final_because = "A key is not restored: what is revoked stays revoked. Make a new one."
    owned_by = by_account()

    class Meta:
        ordering = ["account", "name"]
        constraints = [
            UniqueConstraint(
                fields=["account", "user"], condition=Q(is_playground=True, revoked_at=None), name="one_playground_key"
            )
        ]
        verbose_name = "API key"
        verbose_name_plural = "API keys"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def clean(self) -> None:
        """That its regions and its account's have some in common, and that its person belongs to the account."""
        if strictest(restriction(self.regions), restriction(self.account.regions)) == frozenset():
            raise ValidationError({"regions": f"Its account allows {', '.join(self.account.regions)} alone."})
        if self.user is not None and not self.user.is_staff and not self.has_member():
            raise ValidationError({"user": f"{self.user} is no active member of the account {self.account.slug!r}."})
        if self.preferences is not None and not self._may_pin(self.preferences):
            raise ValidationError({"preferences": "Pin a set of the key's own person or of its account."})

    def _may_pin(self, preferences: Any) -> bool:
        return preferences.account_id == self.account_id or (
            self.user_id is not None and preferences.user_id == self.user_id
        )

    def has_member(self) -> bool:
        """Whether its person is an active member of its account."""
        return Membership.objects.filter(account=self.account, user=self.user, is_active=True).exists()

    @classmethod
    def of_account(cls, account_id: int) -> Q:
        return Q(account_id=account_id)


class KeyUse(Fact):
    """When a key was used last, apart from the key, so that using one is no change of it."""

    key = models.OneToOneField(ApiKey, on_delete=models.CASCADE, primary_key=True, related_name="use")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    last_used_at = models.DateTimeField()
    owned_by = by_account()

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return f"{self.key} at {self.last_used_at:%Y-%m-%d %H:%M}"
