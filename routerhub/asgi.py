"""A gateway process: /v1, health beside it, and all else handed to the control plane (docs/decisions/0005-two-planes.md).

Django is set up for its models and settings alone: no page of it is loaded here.
"""

import asyncio
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "routerhub.settings")
django.setup()

from django.conf import settings  # noqa: E402
from starlette.routing import Route  # noqa: E402
from starlette.types import ASGIApp, Receive, Scope, Send  # noqa: E402

from routerhub import health, scraping  # noqa: E402
from routerhub.draining import Draining  # noqa: E402
from routerhub.forwarding import Forwarder, not_served_here  # noqa: E402
from routerhub.gateway.app import CLIENTS_ALONE, Gateway  # noqa: E402
from routerhub.gateway.observation.observing import Observed  # noqa: E402
from routerhub.gateway.runtime import open_runtime, spare_the_collector  # noqa: E402

gateway = Gateway()
gateway.others.router.routes += [
    Route("/healthz", health.healthz),
    Route("/readyz", health.readyz),
    Route("/metrics", scraping.metrics),
]
OWN = frozenset({"/v1", "/healthz", "/readyz", "/metrics"})
gateway.others.state.control_plane = not_served_here


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Data plane by path, control plane otherwise; the lifespan opens and closes what both need."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close"})
    elif is_gateways(scope["path"]):
        await gateway(scope, receive, send)
    else:
        control_plane: ASGIApp = gateway.others.state.control_plane
        await control_plane(scope, receive, send)


def is_gateways(path: str) -> bool:
    """Whether a client or a probe asks, and no browser: also a client whose base address lacks /v1, so that it is told."""
    return path.startswith(("/v1/", *CLIENTS_ALONE)) or path in OWN


async def _lifespan(receive: Receive, send: Send) -> None:
    await receive()
    forwarder = Forwarder(settings.CONTROL_PLANE_URL, settings.BODY_WAIT_S) if settings.CONTROL_PLANE_URL else None
    gateway.others.state.control_plane = forwarder or not_served_here
    gateway.runtime = await open_runtime()
    gateway.others.state.draining = draining = Draining(settings.DRAIN_S)
    draining.listen()
    observed = Observed(gateway.runtime)
    observed.start()
    gateway.others.state.shared = observed.shared
    spare_the_collector()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await gateway.runtime.close()
    if forwarder:
        await forwarder.close()
    await asyncio.to_thread(observed.stop)
    await send({"type": "lifespan.shutdown.complete"})
