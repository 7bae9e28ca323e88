import pytest

from tests import seeds


@pytest.fixture
def seeded(db: None) -> None:
    seeds.catalogue()
