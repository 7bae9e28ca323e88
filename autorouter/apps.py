from django.apps import AppConfig


class AutorouterConfig(AppConfig):
    name = "autorouter"
    verbose_name = "Auto-router"
