"""One process image: the gateway at /v1, health beside it, Django for all else."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "routerhub.settings")
django_application = get_asgi_application()

from starlette.routing import Route  # noqa: E402 - Django must be set up before anything imports its models
from starlette.types import Receive, Scope, Send  # noqa: E402

from routerhub import health  # noqa: E402
from routerhub.gateway.app import Gateway  # noqa: E402
from routerhub.gateway.runtime import open_runtime  # noqa: E402

gateway = Gateway()
gateway.others.router.routes += [Route("/healthz", health.healthz), Route("/readyz", health.readyz)]


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Data plane by path, control plane otherwise; the lifespan opens and closes what the gateway runs on."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "http" and _is_gateways(scope["path"]):
        await gateway(scope, receive, send)
    else:
        await django_application(scope, receive, send)  # type: ignore[arg-type]  # dict against MutableMapping


def _is_gateways(path: str) -> bool:
    return path == "/v1" or path.startswith("/v1/") or path in {"/healthz", "/readyz"}


async def _lifespan(receive: Receive, send: Send) -> None:
    await receive()
    gateway.runtime = await open_runtime()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await gateway.runtime.close()
    await send({"type": "lifespan.shutdown.complete"})
