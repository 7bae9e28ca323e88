from django.apps import AppConfig


class BatchesConfig(AppConfig):
    name = "routerhub.batches"
    verbose_name = "Batches"
