"""A second database, which the tests' own one deals limits out to."""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import environ
import pytest
from django.db import DEFAULT_DB_ALIAS, connections
from pytest_django import Settings

from budgets.models import Limit
from budgets.shares import dealing, places
from routerhub.audit.change import Change
from tests.stack import new_database

WHY = Change(reason="two regions")


@pytest.fixture(scope="module")
def west_database(django_db_setup: None) -> Iterator[dict[str, Any]]:
    """Known to Django before a test says that it uses it, and after the tests' own is made, whose name it would get."""
    url = environ.Env.db_url_config(new_database(os.environ["DATABASE_URL"])[0])
    home = connections.settings[DEFAULT_DB_ALIAS]
    database = {**home, **url, "ENGINE": home["ENGINE"], "CONN_MAX_AGE": 0}
    connections.settings["west"] = database
    yield database
    del connections["west"], connections.settings["west"]


@pytest.fixture
def west(west_database: dict[str, Any], settings: Settings) -> Iterator[str]:
    """Its name."""
    settings.PLACES = {"west": west_database}
    yield "west"
    connections["west"].close()


@pytest.fixture
def dealt(west: str) -> Callable[..., Limit]:
    """A limit for the whole site, dealt out."""

    def deal(home: int, west: int, **values: Any) -> Limit:
        limit = Limit.objects.create(
            **{"kind": "site", "measure": "money", "period": "total", "amount": home + west, **values}
        )
        dealing.deal(limit, {"home": home, "west": west}, WHY)
        return limit

    return deal


def shares(limit: Limit) -> Mapping[str, int | None]:
    """What each place may use in the running period."""
    return {
        place: places.running(places.twin(limit.shared_as, alias)).share for place, alias in places.aliases().items()
    }


def use(limit: Limit, place: str, spent: int) -> None:
    """As if so much had been spent there."""
    counter = places.running(places.twin(limit.shared_as, places.aliases()[place]))
    counter.spent = spent
    counter.save()
