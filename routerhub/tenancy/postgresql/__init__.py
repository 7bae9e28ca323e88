"""Django's PostgreSQL backend, whose every statement carries the scope. Named to Django as `ENGINE`."""
