from collections.abc import Iterator

import pytest

from experiments.replay import traffic
from tests.experiments.traffic import LARGE, SMALL, open_shop, policy


@pytest.fixture
def shop(db: None) -> Iterator[None]:
    """A small shop's catalogue and router, with no traffic remembered."""
    open_shop(code=policy(LARGE, SMALL))
    traffic._remembered.clear()
    yield
    traffic._remembered.clear()
