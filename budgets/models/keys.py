"""What applications call with."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models

from budgets.choices import KeyPermission
from budgets.models.accounts import Account
from routerhub.audit.models import Audited
from routerhub.region_fields import regions_field
from routerhub.regions import restriction, strictest
from routerhub.tenancy.owners import by_account


def default_permissions() -> list[str]:
    return [KeyPermission.INFERENCE.value, KeyPermission.ROUTING.value]


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
    is_enabled = models.BooleanField("enabled", default=True, help_text="Off: it opens nothing until it is on again.")
    previous_digest = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    previous_until = models.DateTimeField(
        "old secret until",
        null=True,
        editable=False,
        help_text="So long the secret before the last rotation works too.",
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    final_because = "A key is not restored: what is revoked stays revoked. Make a new one."
    owned_by = by_account()

    class Meta:
        ordering = ["account", "name"]
        verbose_name = "API key"
        verbose_name_plural = "API keys"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def clean(self) -> None:
        """That its regions and its account's have some in common."""
        if strictest(restriction(self.regions), restriction(self.account.regions)) == frozenset():
            raise ValidationError({"regions": f"Its account allows {', '.join(self.account.regions)} alone."})

    @classmethod
    def of_account(cls, account_id: int) -> models.Q:
        return models.Q(account_id=account_id)
