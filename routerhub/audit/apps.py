from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "routerhub.audit"
    verbose_name = "Audit"

    def ready(self) -> None:
        from routerhub.audit import checks  # noqa: F401 - registers the system checks
