from django.apps import AppConfig


class TenancyConfig(AppConfig):
    name = "routerhub.tenancy"
    verbose_name = "Tenancy"
