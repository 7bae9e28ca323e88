"""What every test may use: the cast, the asyncio backend, and the whole product on loopback."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from hypothesis import settings
from pytest_django import DjangoDbBlocker

from routerhub.embedded.valkey import Valkey
from routerhub.releases import live, switches
from routerhub.tenancy import scope
from tests import emptying, seeds
from tests.autorouter.encoder.fake import FakeEncoder
from tests.cast import Cast
from tests.stack import Stack, running_stack

TIMELESS = (
    "tests/acceptance", "tests/access", "tests/admin/test_long_lists.py", "tests/admin/test_model_pages.py",
    "tests/admin/test_navigation.py", "tests/admin/test_pages.py", "tests/admin/test_transfer_pages.py",
    "tests/admin/test_tuning.py", "tests/agents", "tests/analytics/selections", "tests/api/test_catalogue.py",
    "tests/api/test_policies.py", "tests/api/test_queries.py", "tests/autorouter/configuration", "tests/autorouter/decision",
    "tests/browser", "tests/budgets/people",
    "tests/budgets/shares", "tests/budgets/test_crashes.py", "tests/budgets/test_many_processes.py",
    "tests/budgets/test_settling.py", "tests/embedded", "tests/experiments", "tests/faults", "tests/gateway", "tests/metrics",
    "tests/models_registry/sandbox", "tests/models_registry/transfer", "tests/models_registry/upstream", "tests/releases",
    "tests/routerhub", "tests/storage", "tests/tenancy", "tests/test_project.py", "tests/test_query_counts.py",
)  # fmt: skip
"""What knows no day, has a clock of its own, or starts so much that it is run once: not run again on another day."""
settings.register_profile("suite", deadline=None, max_examples=60)
settings.load_profile("suite")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A module goes to one worker, which makes its fixtures once, if it belongs to no larger group."""
    for item in items:
        module = item.path.relative_to(config.rootpath).as_posix()
        if module.startswith(TIMELESS):
            item.add_marker(pytest.mark.once)
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(module))


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        emptying.prepare(cursor)


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Tests look at the rows of all accounts, to make and to compare them. What they ask of the product, it asks in a scope that
    it enters itself."""
    scope.enter(scope.SYSTEM)


@pytest.fixture(autouse=True)
def nothing_entered_before() -> None:
    """A test that calls what enters a scope, outside of a request, leaves it to no other."""
    scope.enter(scope.SYSTEM)


@pytest.fixture(autouse=True)
def nothing_read_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Releases of two tests may have the same number: what the process read for the one before is nothing to this one."""
    monkeypatch.setattr(live, "_last", None)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def catalogue_seeded(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The catalogue and a cast lie beneath every test of the module. None of them may commit."""
    with seeds.beneath(seeds.catalogue, django_db_blocker):
        yield


@pytest.fixture(scope="module")
def both_seeded(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Catalogue, router and a cast lie beneath every test of the module. None of them may commit."""
    with seeds.beneath(seeds.both, django_db_blocker):
        yield


@pytest.fixture
def cast(db: None) -> Cast:
    """Ada owns acme, Ben is in it, Cy must see nothing of it."""
    return seeds.people()


@pytest.fixture
def file(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """A switches file of the test's own."""
    settings.SWITCHES_FILE = tmp_path / "switches.json"
    switches._watch.forget()
    yield settings.SWITCHES_FILE
    switches._watch.forget()


@pytest.fixture
def encoder(tmp_path: Path) -> Iterator[FakeEncoder]:
    """An encoder that serves, and says what it is told to say."""
    made = FakeEncoder(tmp_path)
    made.start()
    yield made
    made.kill()


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a broker that carries wake-ups."""
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def stack(broker: str) -> Iterator[Stack]:
    """The product as it is served: own database, seeded, sandbox and two gateway processes, over real HTTP."""
    with running_stack(CELERY_BROKER_URL=broker) as running:
        yield running
