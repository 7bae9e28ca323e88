from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import pytest

from tests.budgets.alerts.receivers import Receiver, receiving


@pytest.fixture
def loopback(settings: Any) -> None:
    """Messages may go to this machine."""
    settings.ALERT_PRIVATE_NETWORKS = (ip_network("127.0.0.0/8"),)


@pytest.fixture
def receiver(loopback: None) -> Iterator[Receiver]:
    with receiving(Receiver()) as running:
        yield running
