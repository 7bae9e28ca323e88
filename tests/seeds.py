"""The seeded tables, as `seed_catalog` makes them. The first test of a process seeds; the others get copies of its rows.

Seeding takes half a second and more, most of it for the versions in the history. What it does is proved in
tests/autorouter/configuration/test_seeding.py; everybody else only needs the rows.
"""

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.db import connection
from django.utils import timezone
from psycopg import sql

from autorouter.configuration import seeding as router_seeding
from models_registry.catalogue import seeding as catalogue_seeding
from models_registry.models import Model
from routerhub.releases.models import Release

Rows = dict[str, bytes]
_copies: dict[str, Rows] = {}


def catalogue() -> None:
    """Models, providers, deployments, prices, and the first catalogue release."""
    _seed("models_registry", catalogue_seeding.seed, Model.history.exists() or Release.objects.exists())


def router() -> None:
    """Configuration, profiles, policies, task types, and the first router release."""
    router_seeding.seed()


def both() -> None:
    """Both lines."""
    is_used = Model.history.exists() or Release.objects.exists()
    if is_used:
        catalogue_seeding.seed()
        router_seeding.seed()
    else:
        _seed("both", _seed_both, is_used=False)


def _seed_both() -> None:
    catalogue_seeding.seed()
    router_seeding.seed()


def _seed(name: str, seed: Callable[[], Any], is_used: bool) -> None:
    if name in _copies and not is_used:
        _restore(_copies[name])
        return
    seed()
    if not is_used:
        _copies[name] = _copied()


def _tables() -> list[str]:
    return [model._meta.db_table for model in _models()]


def _models() -> list[Any]:
    return [
        model
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
    """Keys that point elsewhere are checked when the transaction ends, so the order of tables does not matter.

    The versions are dated now: a test may have its own now, and its changes come after the seed.
    """
    dated = {model._meta.db_table for model in _models() if hasattr(model, "history_date")}
    with connection.cursor() as cursor:
        for table, rows in copies.items():
            with cursor.copy(f"COPY {table} FROM STDIN") as target:
                target.write(rows)
            if table in dated:
                cursor.execute(
                    sql.SQL("UPDATE {} SET history_date = %s").format(sql.Identifier(table)), [timezone.now()]
                )
