from collections.abc import Collection
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.db.models.signals import post_delete, post_save

from routerhub.releases.notify import announce


def _announce_account(instance: object, **_: object) -> None:
    """Tell every process, when the transaction commits, whose keys changed with their account."""
    announce(f"accounts:{instance.pk}")  # type: ignore[attr-defined]  # of whichever model


def _announce_key(instance: object, **_: object) -> None:
    announce(f"keys:{instance.pk}")  # type: ignore[attr-defined]


def _announce_members_keys(instance: object, **_: object) -> None:
    announce(f"accounts:{instance.account_id}")  # type: ignore[attr-defined]


def _announce_persons_keys(instance: Any, update_fields: Collection[str] | None = None, **_: object) -> None:
    """Whether somebody is active decides over their keys. That they logged in does not."""
    if update_fields is None or not {"is_active", "is_staff"}.isdisjoint(update_fields):
        for key in apps.get_model("budgets", "ApiKey").objects.filter(user=instance).values_list("pk", flat=True):
            announce(f"keys:{key}")


def _announce_keys(**_: object) -> None:
    """Whose user was deleted, key by key, no signal says."""
    announce("keys")


class BudgetsConfig(AppConfig):
    name = "budgets"
    verbose_name = "Budgets"

    def ready(self) -> None:
        from budgets.alerts import auditing
        from budgets.people import playground  # noqa: F401 - it hears of sign-outs
        from routerhub.audit.chain import verifying

        verifying.TOLD.append(auditing.tell)
        for signal in (post_save, post_delete):
            signal.connect(_announce_account, sender=self.get_model("Account"), dispatch_uid=f"account-{id(signal)}")
            signal.connect(_announce_key, sender=self.get_model("ApiKey"), dispatch_uid=f"key-{id(signal)}")
            signal.connect(
                _announce_members_keys, sender=self.get_model("Membership"), dispatch_uid=f"membership-{id(signal)}"
            )
        post_save.connect(_announce_persons_keys, sender=settings.AUTH_USER_MODEL, dispatch_uid="user-saved")
        post_delete.connect(_announce_keys, sender=settings.AUTH_USER_MODEL, dispatch_uid="user-deleted")
