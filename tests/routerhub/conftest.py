from collections.abc import Iterator
from typing import Any

import pytest

from routerhub.embedded.processes import free_port
from tests.routerhub.control_plane import ControlPlane, Served, front


@pytest.fixture
def behind() -> Iterator[ControlPlane]:
    plane = ControlPlane()
    yield plane
    plane.goes_on.set()


@pytest.fixture
def port(behind: ControlPlane) -> Iterator[int]:
    """Of a gateway before a control plane that believes what the gateway says of the client."""
    options: dict[str, Any] = {"lifespan": "off", "proxy_headers": True, "forwarded_allow_ips": "127.0.0.1"}
    with (
        Served(behind, **options) as control,
        Served(front(f"http://127.0.0.1:{control.port}"), proxy_headers=False) as gateway,
    ):
        yield gateway.port


@pytest.fixture
def port_without_control_plane() -> Iterator[int]:
    with Served(front(f"http://127.0.0.1:{free_port()}"), proxy_headers=False) as gateway:
        yield gateway.port
