"""Where is read what may lag behind a little: on a streaming replica, where there is one. Reports and exports do."""

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS

REPLICA = "replica"


def read_alias() -> str:
    """Django's name of the database."""
    return REPLICA if REPLICA in settings.DATABASES else DEFAULT_DB_ALIAS
