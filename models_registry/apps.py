from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save

from routerhub.releases.notify import announce


def _announce_provider_keys(**_: object) -> None:
    """Tell every process, when the transaction commits, to read the providers' keys anew."""
    announce("provider_keys")


class ModelsRegistryConfig(AppConfig):
    name = "models_registry"
    verbose_name = "Model registry"

    def ready(self) -> None:
        from models_registry.catalogue.line import CATALOGUE
        from routerhub.releases import store

        store.register(CATALOGUE)
        for signal in (post_save, post_delete):
            key = self.get_model("ProviderKey")
            signal.connect(_announce_provider_keys, sender=key, dispatch_uid=f"provider-key-{id(signal)}")
