from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "routerhub.audit"
    verbose_name = "Audit"

    def ready(self) -> None:
        from routerhub.audit import checks, events  # noqa: F401 - register the system checks, and who notes sign-ins
