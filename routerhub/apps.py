from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db.backends.signals import connection_created


class RouterHubConfig(AppConfig):
    name = "routerhub"

    def ready(self) -> None:
        if settings.DATABASE_ECHO:
            connection_created.connect(echo)


def echo(connection: Any, **_: Any) -> None:
    """Let a connection of Django's log its queries: it keeps quiet outside of DEBUG else."""
    connection.force_debug_cursor = True
