"""Is a deployment there? Asked of its provider's list of models, which costs no tokens.

What is found is a measured fact, kept beside the status that staff set and brought to the router by the next snapshot.
A deployment whose provider has no key here is not probed.
"""

import contextlib
import socket
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPHandler, HTTPRedirectHandler, HTTPSHandler, ProxyHandler, Request, build_opener

from django.conf import settings
from django.db import transaction
from django.utils.timezone import now

from models_registry import availability, provider_keys
from models_registry.catalogue import compiler as catalogue_compiler
from models_registry.models import Deployment, Probe
from models_registry.types import Health, Provider, Status
from models_registry.upstream.registry import ADAPTERS
from models_registry.upstream.wire.refusals import BAD_KEY, error_of, loads, message_of
from routerhub.egress import refusal
from routerhub.releases import notify

WAIT_S = 10
SLOW_MS = 5_000
"""An answer to so small a question that takes longer than this is a sign of trouble."""
MAX_READ = 64 * 1024
STALE_AFTER = timedelta(minutes=15)
"""A finding that was not renewed since says nothing any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What one probe of a provider found."""

    status: Status
    detail: str
    latency_ms: int | None


def _connected(address: tuple[str, int], timeout: float, _source: Any = None) -> socket.socket:
    """A connection to what the name means now, where all of that may be called: nothing else is even knocked at."""
    host, port = address
    meant = [str(place[0]) for *_, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for each in meant:
        if problem := refusal(each, settings.UPSTREAM_PRIVATE_NETWORKS):
            raise PermissionError(problem)
    for each in meant[:-1]:
        with contextlib.suppress(OSError):
            return socket.create_connection((each, port), timeout)
    return socket.create_connection((meant[-1], port), timeout)


class _Guarded(HTTPConnection):
    """A connection to an address that may be called."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._create_connection = _connected


class _GuardedTls(_Guarded, HTTPSConnection):
    """The same by TLS."""


class _Http(HTTPHandler):
    def http_open(self, req: Request) -> Any:
        return self.do_open(_Guarded, req)


class _Https(HTTPSHandler):
    def https_open(self, req: Request) -> Any:
        return self.do_open(_GuardedTls, req)


class _NoRedirect(HTTPRedirectHandler):
    """The key goes nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


OPENER = build_opener(ProxyHandler({}), _Http, _Https, _NoRedirect)


def probe(provider: Provider, environment: Mapping[str, str]) -> Finding:
    """Ask the provider for its list of models, by the headers of its protocol."""
    keys = availability.keys(provider, environment)
    headers = ADAPTERS[provider.protocol].credentials(keys[0].secret if keys else "")
    request = Request(f"{availability.base_url(provider, environment)}/models", headers=headers)  # noqa: S310 - http(s) by validation
    began = time.monotonic()
    try:
        with OPENER.open(request, timeout=WAIT_S) as response:
            response.read(1)
    except HTTPError as error:
        with error:
            return _refused(_code(error), _ms_since(began))
    except (OSError, ValueError, HTTPException) as problem:
        return Finding(status="down", detail=f"no answer: {problem}"[:255], latency_ms=None)
    took = _ms_since(began)
    if took > SLOW_MS:
        return Finding(status="degraded", detail=f"answered after {took} ms", latency_ms=took)
    return Finding(status="available", detail="answered", latency_ms=took)


def _code(error: HTTPError) -> int:
    """The status, and what it means where Google refuses a key as a bad request."""
    if error.code == HTTPStatus.BAD_REQUEST and message_of(error_of(loads(error.read(MAX_READ)))).startswith(BAD_KEY):
        return HTTPStatus.UNAUTHORIZED
    return error.code


def _refused(code: int, took: int) -> Finding:
    """A server that knows no list of models is there all the same; one that is overrun or refuses our key is not well."""
    if code in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
        return Finding(status="available", detail=f"answered {code}", latency_ms=took)
    if code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return Finding(status="down", detail=f"answered {code}: the API key is refused", latency_ms=took)
    if code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Finding(status="down", detail=f"answered {code}", latency_ms=took)
    return Finding(status="degraded", detail=f"answered {code}", latency_ms=took)


def _ms_since(began: float) -> int:
    return round((time.monotonic() - began) * 1_000)


def probe_all(environment: Mapping[str, str]) -> dict[str, Finding]:
    """Probe every provider that has deployments and can be called, and keep what was found. By provider name."""
    availability.hold(provider_keys.read())
    deployments = Deployment.objects.select_related("provider")
    providers = {row.provider_id: catalogue_compiler.provider_value(row.provider) for row in deployments}
    asked = [each for each in providers.values() if availability.can_call(each, environment)]
    if not asked:
        return {}
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = dict(
            zip([each.name for each in asked], pool.map(lambda each: probe(each, environment), asked), strict=True)
        )
    _keep([row for row in deployments if row.provider_id in found], found)
    return found


@transaction.atomic
def _keep(deployments: Iterable[Deployment], found: Mapping[str, Finding]) -> None:
    moment = now()
    known = {row.deployment_id: row for row in Probe.objects.select_for_update()}
    rows = []
    changed = False
    for deployment in deployments:
        finding, before = found[deployment.provider_id], known.get(deployment.pk)
        is_same = before is not None and before.status == finding.status
        changed = changed or not is_same
        since = before.since if before and is_same else moment
        rows.append(Probe(deployment=deployment, status=finding.status, detail=finding.detail,
                          latency_ms=finding.latency_ms, checked_at=moment, since=since))  # fmt: skip
    Probe.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["deployment"],
        update_fields=["status", "detail", "latency_ms", "checked_at", "since"],
    )  # fmt: skip
    if changed:
        notify.announce("health")


def measured() -> Health:
    """What fresh probes found. Raises DatabaseError."""
    fresh = Probe.objects.filter(checked_at__gte=datetime.now(UTC) - STALE_AFTER).exclude(status="available")
    found = fresh.values_list("status", "deployment__provider", "deployment__upstream_model")
    unwell = [(status, f"{provider}/{name}") for status, provider, name in found]
    return Health(
        down=frozenset(place for status, place in unwell if status == "down"),
        degraded=frozenset(place for status, place in unwell if status == "degraded"),
    )
