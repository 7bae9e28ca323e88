import pytest
from django.test import Client

from tests.cast import Cast


@pytest.fixture
def staff(both_seeded: None, cast: Cast) -> Client:
    """Logged in as staff who may do anything, with both halves seeded."""
    client = Client()
    client.force_login(cast.staff)
    return client
