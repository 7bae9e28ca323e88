"""/metrics: what all processes of this machine counted, for whoever may know."""

import asyncio
import hmac
from ipaddress import ip_address

from django.conf import settings
from starlette.requests import Request
from starlette.responses import Response

from routerhub.metrics import exposition
from routerhub.metrics.sharing import Shared

PROXIED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
"""Who comes through a proxy is not here, whatever the connection's address says."""


async def metrics(request: Request) -> Response:
    """GET /metrics, with METRICS_TOKEN as a bearer token. Where none is set, for whoever asks from this machine itself."""
    if not may_scrape(request):
        headers = {"WWW-Authenticate": 'Bearer realm="RouterHub metrics"'}
        text = "METRICS_TOKEN as a bearer token is needed; where none is set, only this machine itself may ask.\n"
        return Response(text, 401, headers, "text/plain")
    shared: Shared = request.app.state.shared
    body, content_type = await asyncio.to_thread(_scraped, shared, request.headers.get("accept", ""))
    return Response(body, headers={"content-type": content_type})


def _scraped(shared: Shared, accept: str) -> tuple[bytes, str]:
    return exposition.text(shared.scraped(), accept)


def may_scrape(request: Request) -> bool:
    return knows_token(request) if settings.METRICS_TOKEN else _is_here(request)


def knows_token(request: Request) -> bool:
    """Whether the request carries METRICS_TOKEN. Nobody does where none is set."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    is_right = hmac.compare_digest(given.strip().encode(), settings.METRICS_TOKEN.encode())
    return bool(settings.METRICS_TOKEN) and scheme.lower() == "bearer" and is_right


def _is_here(request: Request) -> bool:
    if request.client is None or any(name in request.headers for name in PROXIED):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False
