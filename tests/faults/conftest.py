from collections.abc import Iterator

import pytest

from tests.faults.after import after
from tests.faults.scene import Scene, breakable


@pytest.fixture(scope="package")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One for all modules whose tests break it and leave it whole."""
    with breakable(tmp_path_factory.mktemp("faults")) as scene:
        yield scene


@pytest.fixture
def scene(product: Scene, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """The product to be broken. Whatever the test did, the books and everything else are checked after it."""
    assert product.broken_by is None, f"not whole since {product.broken_by}"
    yield product
    product.broken_by = request.node.name
    product.heal()
    after(product)
    product.broken_by = None
