from django.apps import AppConfig


class StorageConfig(AppConfig):
    name = "routerhub.storage"
    verbose_name = "Storage"
