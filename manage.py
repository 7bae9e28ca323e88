#!/usr/bin/env python
"""Django's command line for RouterHub: `.venv/bin/python manage.py help` lists the commands."""

import os
import sys

try:
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError
except ImportError as missing:
    sys.exit(f"{missing}: run it as .venv/bin/python manage.py, by the Python that `make run` sets up.")


def main() -> None:
    """Run a command. What is not set, or does not run, is said in a line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "routerhub.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as problem:
        sys.exit(str(problem))
    except OperationalError as problem:
        if getattr(problem.__cause__, "sqlstate", None):
            raise
        reason = " ".join(str(problem).split())
        sys.exit(f"The database does not answer: start it with `make run`, or set DATABASE_URL. {reason}")


if __name__ == "__main__":
    main()
