import pytest
from django.test import Client

from tests.cast import Cast
from tests.experiments.traffic import open_shop


@pytest.fixture
def shop(db: None) -> None:
    open_shop()


@pytest.fixture
def staff(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.staff)
    return client
