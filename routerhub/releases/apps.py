from django.apps import AppConfig


class ReleasesConfig(AppConfig):
    name = "routerhub.releases"
    verbose_name = "Releases"
