"""What every test may use: the cast, the asyncio backend, and the whole product on loopback."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from routerhub.releases import switches
from tests.cast import Cast, make_cast
from tests.stack import Stack, running_stack

settings.register_profile("suite", deadline=None, max_examples=60)
settings.load_profile("suite")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def cast(db: None) -> Cast:
    """Ada owns acme, Ben is in it, Cy must see nothing of it."""
    return make_cast()


@pytest.fixture
def file(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """A switches file of the test's own."""
    settings.SWITCHES_FILE = tmp_path / "switches.json"
    switches._watch.forget()
    yield settings.SWITCHES_FILE
    switches._watch.forget()


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The product as it is served: own database, seeded, sandbox and two gateway processes, over real HTTP."""
    with running_stack() as running:
        yield running
