"""Who is asked to join an account."""

from django.conf import settings
from django.db import models

from budgets.choices import Role
from budgets.models.accounts import Account
from routerhub.audit.models import Audited
from routerhub.tenancy.owners import by_account


class Invitation(Audited):
    """A link that makes whoever holds it a member, once. Only the SHA-256 of its secret is kept."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(
        blank=True, help_text="Where the link is sent, and nowhere else. Empty: it is shown once."
    )
    role = models.CharField(max_length=16, choices=Role, default=Role.MEMBER)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    accepted_at = models.DateTimeField(null=True, blank=True, editable=False)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    final_because = "An invitation is not restored: what is used up or revoked stays so. Make a new one."
    owned_by = by_account()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.email or 'by link'} to {self.account}"

    @classmethod
    def of_account(cls, account_id: int) -> models.Q:
        return models.Q(account_id=account_id)
