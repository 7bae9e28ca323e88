"""Time zones, by their names in the IANA's list."""

from difflib import get_close_matches
from functools import cache
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.db import connection

KNOWN = "SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = %s)"


def check_zone(name: str) -> None:
    """That Python and the database both know it, spelled like this. Raises ValidationError."""
    if name not in available_timezones() or not _is_in_database(name):
        near = get_close_matches(name, available_timezones(), 1)
        meant = f"did you mean {near[0]}?" if near else "write a name like Europe/Berlin or UTC."
        raise ValidationError(f"{name!r} is no time zone of the IANA's list; {meant}")


@cache
def _is_in_database(name: str) -> bool:
    """Periods are worked out there: a name that it does not know would stop every request under the limit."""
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [name])
        return bool(cursor.fetchone()[0])
