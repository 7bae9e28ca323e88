"""Is the process alive (/healthz), and can it take requests (/readyz)?"""

import orjson
from starlette.requests import Request
from starlette.responses import Response

from routerhub.gateway.runtime import Runtime


async def healthz(_: Request) -> Response:
    """200 as long as the process answers."""
    return Response(orjson.dumps({"status": "ok"}), media_type="application/json")


async def readyz(request: Request) -> Response:
    """200 when releases and keys were loaded and the ledger answers; else 503 with what is missing."""
    runtime: Runtime = request.app.state.runtime
    checks = {
        "snapshot": "ok" if runtime.snapshots.current.loaded_at is not None else "not loaded from the database yet",
        "ledger": "ok" if await runtime.ledger.is_answering() else "the database does not answer",
    }
    ready = all(result == "ok" for result in checks.values())
    body = {"status": "ready" if ready else "not ready", "checks": checks}
    return Response(orjson.dumps(body), 200 if ready else 503, media_type="application/json")
