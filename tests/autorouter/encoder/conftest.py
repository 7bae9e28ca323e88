from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.autorouter.encoder.fake import FakeEncoder


@pytest.fixture
def encoder(tmp_path: Path) -> Iterator[FakeEncoder]:
    """One that serves."""
    made = FakeEncoder(tmp_path)
    made.start()
    yield made
    made.kill()
