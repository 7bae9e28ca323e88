from django.apps import AppConfig


class ReleasesConfig(AppConfig):
    name = "routerhub.releases"
    verbose_name = "Releases"

    def ready(self) -> None:
        from routerhub.releases import draft_history  # noqa: F401 - it registers itself
