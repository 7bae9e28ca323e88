from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save


class ModelsRegistryConfig(AppConfig):
    name = "models_registry"
    verbose_name = "Model registry"

    def ready(self) -> None:
        from models_registry import provider_keys
        from models_registry.catalogue.line import CATALOGUE
        from routerhub.releases import store

        store.register(CATALOGUE)
        for signal in (post_save, post_delete):
            signal.connect(
                provider_keys.changed, sender=self.get_model("ProviderKey"), dispatch_uid=f"provider-key-{id(signal)}"
            )
