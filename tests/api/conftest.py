from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client

from budgets.people.keys import create_key
from tests.cast import Cast


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    """The day of the catalogue that ships: its models are deprecated on days of their own."""
    with time_machine.travel(datetime(2026, 11, 21, 12, tzinfo=UTC), tick=True):
        yield


@pytest.fixture(params=["key", "login"])
def staff(request: pytest.FixtureRequest, cast: Cast) -> Client:
    """Whoever may change: a login with Django's permissions, and a key with the permission "admin" of that person."""
    if request.param == "login":
        client = Client()
        client.force_login(cast.staff)
        return client
    _, text = create_key(cast.ada.account, "admin", cast.staff, ["admin"])
    return Client(headers={"Authorization": f"Bearer {text}"})


@pytest.fixture
def reader(cast: Cast) -> Client:
    """An application: it may read."""
    return Client(headers=cast.ada.auth)
