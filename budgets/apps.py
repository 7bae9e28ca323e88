from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save

from routerhub.releases.notify import announce


def _announce(**_: object) -> None:
    """Tell every process, when the transaction commits, that the ring of keys changed."""
    announce("keys")


class BudgetsConfig(AppConfig):
    name = "budgets"
    verbose_name = "Budgets"

    def ready(self) -> None:
        for model in ("Account", "ApiKey"):
            for signal in (post_save, post_delete):
                signal.connect(_announce, sender=self.get_model(model), dispatch_uid=f"announce-{model}-{id(signal)}")
