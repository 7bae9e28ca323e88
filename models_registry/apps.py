from django.apps import AppConfig


class ModelsRegistryConfig(AppConfig):
    name = "models_registry"
    verbose_name = "Model registry"

    def ready(self) -> None:
        from models_registry.catalogue.line import CATALOGUE
        from routerhub.releases import store

        store.register(CATALOGUE)
