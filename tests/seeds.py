"""The seeded tables, as `seed_catalog` makes them. The first test of a process seeds; the others get copies of its rows.

Seeding takes half a second and more, most of it for the versions in the history. What it does is proved in
tests/autorouter/configuration/test_seeding.py; everybody else only needs the rows. A module all of whose tests need them
has them put beneath (`both_seeded`, `catalogue_seeded`), so that they are written once for all.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import time_machine
from django.apps import apps
from django.db import connection, transaction
from pytest_django import DjangoDbBlocker

from autorouter.configuration import seeding as router_seeding
from autorouter.models import RouterConfiguration
from models_registry.catalogue import seeding as catalogue_seeding
from models_registry.models import Model
from routerhub.releases.models import Release
from tests.cast import Cast, make_cast

SEEDED_AT = datetime(2026, 11, 1, tzinfo=UTC)
"""Before any test's own now: its changes come after the seed."""
Rows = dict[str, bytes]
_copies: dict[str, Rows] = {}
_beneath: list[Cast] = []


def catalogue() -> None:
    """Models, providers, deployments, prices, and the first catalogue release."""
    _seed("models_registry", catalogue_seeding.seed, Model.history.exists() or Release.objects.exists())


def router() -> None:
    """Configuration, profiles, policies, task types, and the first router release."""
    _seed("router", router_seeding.seed, RouterConfiguration.history.exists() or Release.objects.exists())


def both() -> None:
    """Both lines."""
    _seed("both", _seed_both, Model.history.exists() or Release.objects.exists())


@contextmanager
def beneath(seed: Callable[[], None], blocker: DjangoDbBlocker) -> Iterator[None]:
    """Seeded, with a cast, in a transaction around those of the tests, which is rolled back after them."""
    with blocker.unblock():
        around = transaction.atomic()
        around.__enter__()
        seed()
        with time_machine.travel(SEEDED_AT):
            _beneath.append(make_cast())
        connection.check_constraints()
    yield
    _beneath.clear()
    with blocker.unblock():
        transaction.set_rollback(True)
        around.__exit__(None, None, None)


def people() -> Cast:
    """The cast that lies beneath, or a new one."""
    return deepcopy(_beneath[0]) if _beneath else make_cast()


def _seed_both() -> None:
    catalogue_seeding.seed()
    router_seeding.seed()


def _seed(name: str, seed: Callable[[], Any], is_used: bool) -> None:
    if is_used or (name not in _copies and _copied()):  # else the copies would hold what is the test's own
        seed()
        return
    if name not in _copies:
        with transaction.atomic(), time_machine.travel(SEEDED_AT):
            seed()
            _copies[name] = _copied()
            transaction.set_rollback(True)
    _restore(_copies[name])


def _tables() -> list[str]:
    return [
        model._meta.db_table
        for label in ("releases", "models_registry", "autorouter")
        for model in apps.get_app_config(label).get_models()
    ]


def _copied() -> Rows:
    found = {}
    with connection.cursor() as cursor:
        for table in _tables():
            with cursor.copy(f"COPY {table} TO STDOUT") as rows:
                found[table] = b"".join(rows)
    return {table: rows for table, rows in found.items() if rows}


def _restore(copies: Rows) -> None:
    """Keys that point elsewhere are checked when the transaction ends, so the order of tables does not matter."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table, rows in copies.items():
            with cursor.copy(f"COPY {table} FROM STDIN") as target:
                target.write(rows)
