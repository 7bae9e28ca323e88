import pytest


@pytest.fixture
def seeded(catalogue_seeded: None, db: None) -> None:
    """The catalogue lies beneath."""
