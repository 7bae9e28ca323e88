#!/usr/bin/env python
"""Django's command line for RouterHub: `.venv/bin/python manage.py help` lists the commands."""

import os
import sys
from collections.abc import Sequence

try:
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    from routerhub.tenancy.scope import system
except ImportError as missing:
    sys.exit(f"{missing}: run it as .venv/bin/python manage.py, by the Python that `make run` sets up.")


def main(arguments: Sequence[str]) -> None:
    """Run a command, which may see the rows of all accounts. What is not set, or does not run, is said in a line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "routerhub.settings")
    try:
        with system():
            execute_from_command_line(list(arguments))
    except ImproperlyConfigured as problem:
        sys.exit(str(problem))
    except OperationalError as problem:
        if getattr(problem.__cause__, "sqlstate", None):
            raise
        reason = " ".join(str(problem).split())
        sys.exit(f"The database does not answer: start it with `make run`, or set DATABASE_URL. {reason}")


if __name__ == "__main__":
    main(sys.argv)
