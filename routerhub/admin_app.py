from typing import Any

from django.contrib.admin import autodiscover
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks


def check_pages(app_configs: Any, **_: Any) -> list[Any]:
    """Django's check of the admin, of every page that there is."""
    autodiscover()
    return list(check_admin_app(app_configs))


class RouterHubAdminConfig(SimpleAdminConfig):
    """Django's admin on our own site, see routerhub.admin_site.

    Its pages are imported with the addresses (routerhub.urls): a process that serves no pages never loads them. They are a
    fifth of a gateway's memory.
    """

    default_site = "routerhub.admin_site.RouterHubSite"

    def ready(self) -> None:
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(check_pages, checks.Tags.admin)
