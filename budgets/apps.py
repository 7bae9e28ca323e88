from django.apps import AppConfig
from django.conf import settings
from django.db.models.signals import post_delete, post_save

from routerhub.releases.notify import announce


def _announce_account(instance: object, **_: object) -> None:
    """Tell every process, when the transaction commits, whose keys changed with their account."""
    announce(f"accounts:{instance.pk}")  # type: ignore[attr-defined]  # of whichever model


def _announce_key(instance: object, **_: object) -> None:
    announce(f"keys:{instance.pk}")  # type: ignore[attr-defined]


def _announce_keys(**_: object) -> None:
    """Whose user was deleted, key by key, no signal says."""
    announce("keys")


class BudgetsConfig(AppConfig):
    name = "budgets"
    verbose_name = "Budgets"

    def ready(self) -> None:
        """A membership changes no key: what its person may do is asked of the database."""
        for signal in (post_save, post_delete):
            signal.connect(_announce_account, sender=self.get_model("Account"), dispatch_uid=f"account-{id(signal)}")
            signal.connect(_announce_key, sender=self.get_model("ApiKey"), dispatch_uid=f"key-{id(signal)}")
        post_delete.connect(_announce_keys, sender=settings.AUTH_USER_MODEL, dispatch_uid="user-deleted")
