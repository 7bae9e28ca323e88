"""The databases that limits are dealt out to: this one, which is called settings.PLACE, and those of settings.PLACES.

The place that has settings.PLACES is home: there limits are dealt out, changed and balanced. The others need to know of nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections

from budgets.errors import PlaceAway
from budgets.models import Counter, Limit


def aliases() -> dict[str, str]:
    """Django's name of each place's database, home first."""
    return {settings.PLACE: DEFAULT_DB_ALIAS, **{place: place for place in settings.PLACES}}


@contextmanager
def reached(place: str) -> Iterator[str]:
    """The alias of a place's database, for as long as it answers. Raises PlaceAway."""
    alias = aliases()[place]
    try:
        yield alias
    except (OperationalError, InterfaceError) as problem:
        if not connections[alias].in_atomic_block:
            connections[alias].close()
        raise PlaceAway(place, problem) from problem


@contextmanager
def alone(wait: bool = True) -> Iterator[bool]:
    """One at a time moves room, wherever it was asked to. False where another one is at it and we do not wait."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        if wait:
            cursor.execute("SELECT pg_advisory_lock(hashtext('budgets.shares'))")
            has_it = True
        else:
            cursor.execute("SELECT pg_try_advisory_lock(hashtext('budgets.shares'))")
            has_it = bool(cursor.fetchone()[0])
        try:
            yield has_it
        finally:
            if has_it:
                cursor.execute("SELECT pg_advisory_unlock(hashtext('budgets.shares'))")


def twin(shared_as: UUID | None, alias: str) -> Limit:
    """The limit as it stands in a database."""
    return Limit.objects.using(alias).get(shared_as=shared_as)


def running(limit: Limit) -> Counter:
    """The counter of its present period, in the limit's own database; made where no request has made it yet."""
    alias = limit._state.db or DEFAULT_DB_ALIAS
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT open_counters(ARRAY[%s]::bigint[], ARRAY[''], clock_timestamp())", [limit.pk])
    counters = Counter.objects.using(alias).filter(limit=limit, measure=limit.measure, period=limit.period)
    return counters.order_by("-period_start")[0]
