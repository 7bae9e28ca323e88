"""/v1/batches, and the addresses of files beside it."""

import asyncio
import re
from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from budgets.money import usd
from routerhub.audit.change import valid_address
from routerhub.batches.store import BatchStore
from routerhub.batches.types import Batch, NewBatch
from routerhub.gateway.batches import files, waking
from routerhub.gateway.batches.asking import ENDPOINTS
from routerhub.gateway.batches.files import asked, asked_limit, asked_text, named
from routerhub.gateway.batches.uploading import MAX_RETENTION_S, expires_after
from routerhub.gateway.bodies import read_body
from routerhub.gateway.errors import BadRequest, NotThere
from routerhub.gateway.protocols import fields
from routerhub.request_body import PatientReceive
from routerhub.storage.files import FileStore
from routerhub.storage.types import REQUESTS

FIELDS = ("input_file_id", "endpoint", "completion_window", "metadata", "output_expires_after")
WINDOW = re.compile(r"([1-9][0-9]{0,2})([hd])")
MAX_WINDOW_S = 7 * 24 * 3_600
MAX_METADATA, MAX_KEY, MAX_VALUE = 16, 64, 512
MAX_LISTED, USUALLY_LISTED = 100, 20
MOMENTS = (
    "in_progress_at", "expires_at", "finalizing_at", "completed_at", "failed_at", "expired_at", "cancelling_at",
    "cancelled_at",
)  # fmt: skip


async def batches(request: Request) -> Response:
    """GET and POST /v1/batches"""
    if request.method == "POST":
        return await _create(request)
    runtime, caller = asked(request)
    store, limit = BatchStore(runtime.store), asked_limit(request, USUALLY_LISTED, MAX_LISTED)
    after = asked_text(request, "after")
    if after and await store.find(caller.account_id, after) is None:
        raise NotThere("batch", after, "after")
    found = await store.listed(caller.account_id, after, limit + 1)
    return files.json_list([told(each) for each in found], limit)


async def batch(request: Request) -> Response:
    """GET /v1/batches/{id}"""
    runtime, caller = asked(request)
    return _json(_there(await BatchStore(runtime.store).find(caller.account_id, named(request, "batch")), request))


async def cancel(request: Request) -> Response:
    """POST /v1/batches/{id}/cancel"""
    runtime, caller = asked(request)
    found = await BatchStore(runtime.store).cancel(caller.account_id, named(request, "batch"))
    return _json(_there(found, request), wakes=True)


async def _create(request: Request) -> Response:
    runtime, caller = asked(request)
    limits = runtime.limits
    raw = fields.json_object(
        await read_body(PatientReceive(request.receive, limits.body_wait_s), limits.max_body_bytes)
    )
    for name in raw:
        if name not in FIELDS:
            raise BadRequest(f"{fields.shown(name)}: there is no such field; allowed are {', '.join(FIELDS)}.", name)
    window = raw.get("completion_window")
    new = NewBatch(
        id=f"batch_{uuid4().hex}",
        account_id=caller.account_id,
        key_id=caller.key_id,
        endpoint=_endpoint(raw.get("endpoint")),
        input_file_id=fields.text(raw.get("input_file_id"), "input_file_id"),
        completion_window=str(window),
        window_s=_window_s(window),
        metadata=_metadata(raw.get("metadata")),
        result_retention_s=_retention_s(raw.get("output_expires_after"), int(limits.file_retention_s)),
        ip=valid_address(request.client.host if request.client else None),
    )
    file = await files.find(FileStore(runtime.store), caller, new.input_file_id, "input_file_id")
    if file.purpose != REQUESTS:
        raise BadRequest(
            f"input_file_id: {file.id} is for {file.purpose!r}; allowed is a file for {REQUESTS!r}.", "input_file_id"
        )
    return _json(await BatchStore(runtime.store).create(new), wakes=True)


def _endpoint(raw: object) -> str:
    if not isinstance(raw, str) or raw not in ENDPOINTS:
        raise fields.wrong("endpoint", raw, f"one of {', '.join(sorted(ENDPOINTS))}")
    return raw


def _window_s(raw: object) -> int:
    found = WINDOW.fullmatch(raw) if isinstance(raw, str) else None
    seconds = int(found[1]) * (3_600 if found[2] == "h" else 24 * 3_600) if found else 0
    if not 0 < seconds <= MAX_WINDOW_S:
        raise fields.wrong("completion_window", raw, '"24h", or any number of hours ("6h") or days ("2d") up to 7 days')
    return seconds


def _metadata(raw: object) -> dict[str, str] | None:
    if raw is None:
        return None
    if not isinstance(raw, dict) or len(raw) > MAX_METADATA:
        raise fields.wrong("metadata", raw, f"an object of at most {MAX_METADATA} texts")
    for key, value in raw.items():
        if len(key) > MAX_KEY or not isinstance(value, str) or len(value) > MAX_VALUE or "\0" in key + value:
            allowed = f"a text of at most {MAX_VALUE} characters under a name of at most {MAX_KEY}"
            raise fields.wrong(f"metadata.{fields.shown(key)}", value, allowed)
    return raw


def _retention_s(raw: object, usual_s: int) -> int:
    if raw is None:
        return usual_s
    return expires_after(
        fields.mapping(raw, "output_expires_after"), "output_expires_after", min(MAX_RETENTION_S, usual_s)
    )


def _there(found: Batch | None, request: Request) -> Batch:
    if found is None:
        raise NotThere("batch", request.path_params["id"])
    return found


def told(batch: Batch) -> dict[str, Any]:
    """A batch as OpenAI's clients read it, with the `routerhub` object beside. Its files are there when it has ended."""
    has_ended = bool(batch.completed_at or batch.failed_at or batch.cancelled_at or batch.status == "expired")
    return {
        "id": batch.id,
        "object": "batch",
        "endpoint": batch.endpoint,
        "errors": {"object": "list", "data": list(batch.errors)} if batch.errors else None,
        "input_file_id": batch.input_file_id,
        "completion_window": batch.completion_window,
        "status": batch.status,
        "output_file_id": batch.output_file_id if has_ended and batch.output_bytes else None,
        "error_file_id": batch.error_file_id if has_ended and batch.error_bytes else None,
        "created_at": int(batch.created_at.timestamp()),
        **{name: _seconds(getattr(batch, name)) for name in MOMENTS},
        "request_counts": {"total": batch.total, "completed": batch.completed, "failed": batch.failed},
        "metadata": batch.metadata,
        "routerhub": {"cost_usd": usd(batch.cost_nano), "sandbox": batch.is_sandbox, "models": batch.groups},
    }


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def _json(batch: Batch, wakes: bool = False) -> Response:
    """With `wakes`, a worker is told afterwards that there is something to do."""
    task = BackgroundTask(asyncio.to_thread, waking.wake) if wakes else None
    return Response(orjson.dumps(told(batch)), media_type="application/json", background=task)


ROUTES = (
    Route("/v1/files", files.files, methods=["GET", "POST"]),
    Route("/v1/files/{id}", files.file, methods=["GET", "DELETE"]),
    Route("/v1/files/{id}/content", files.content),
    Route("/v1/batches", batches, methods=["GET", "POST"]),
    Route("/v1/batches/{id}", batch),
    Route("/v1/batches/{id}/cancel", cancel, methods=["POST"]),
)
