import pytest
from django.test import Client

from tests import seeds
from tests.cast import Cast


@pytest.fixture
def staff(cast: Cast) -> Client:
    """Logged in as staff who may do anything, with both halves seeded."""
    seeds.both()
    client = Client()
    client.force_login(cast.staff)
    return client
