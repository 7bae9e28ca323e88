"""Is the process alive (/healthz), and can it take requests (/readyz)? Neither calls a model."""

import time

import orjson
from starlette.requests import Request
from starlette.responses import Response

from autorouter.encoder.asking import Asker
from routerhub.draining import Draining
from routerhub.gateway.runtime import Runtime
from routerhub.gateway.snapshots.snapshots import Snapshot
from routerhub.scraping import may_scrape

MAX_AGE_S = 60.0
"""Nobody is served an older configuration while the database answers."""


async def healthz(_: Request) -> Response:
    """200 as long as the process answers."""
    return Response(orjson.dumps({"status": "ok"}), media_type="application/json")


async def readyz(request: Request) -> Response:
    """200 when what requests are decided by is there, the ledger answers and the process is not about to end; else 503.

    Who may read /metrics is told what is missing, in `query_ms` how long a query took, null where none was answered, and how the
    encoder stands.
    """
    runtime: Runtime = request.app.state.runtime
    draining: Draining = request.app.state.draining
    began = time.perf_counter()
    is_answering = await runtime.ledger.is_answering()
    query_ms = round((time.perf_counter() - began) * 1_000, 2) if is_answering else None
    checks = {
        "snapshot": _snapshot(runtime.snapshots.current, time.monotonic()),
        "ledger": "ok" if is_answering else "the database does not answer",
        "process": "is about to end" if draining.has_begun else "ok",
    }
    ready = all(result == "ok" for result in checks.values())
    told = {"checks": checks, "query_ms": query_ms, "encoder": _encoder(runtime.encoder)}
    details = told if may_scrape(request) else {}
    body = {"status": "ready" if ready else "not ready", **details}
    return Response(orjson.dumps(body), 200 if ready else 503, media_type="application/json")


def _encoder(encoder: Asker | None) -> str:
    """Without it prompts are read by the local table, so that it makes nobody unready."""
    if encoder is None:
        return "none: ENCODER_SOCKET is not set"
    return f"up, version {encoder.version}" if encoder.is_up else f"does not answer at {encoder.address}"


def _snapshot(snapshot: Snapshot, now: float) -> str:
    if snapshot.loaded_at is None:
        return "not loaded from the database yet"
    age_s = now - snapshot.loaded_at
    return "ok" if age_s <= MAX_AGE_S else f"not renewed for {age_s:.0f} s"
