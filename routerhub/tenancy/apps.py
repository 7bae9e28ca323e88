from django.apps import AppConfig


class TenancyConfig(AppConfig):
    name = "routerhub.tenancy"
    verbose_name = "Tenancy"

    def ready(self) -> None:
        from routerhub.tenancy import checks  # noqa: F401 - registers the system check
