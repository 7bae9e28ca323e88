import pytest

from models_registry.catalogue import tables as catalogue_tables
from tests.cast import because
from tests.models_registry.catalogue.facts import Facts, a_bundle


@pytest.fixture
def written(db: None) -> Facts:
    """The two models, in the tables; the bundle is yours to change."""
    catalogue_tables.write(a_bundle(), because("first"), trusts_prices=True)
    return a_bundle()
