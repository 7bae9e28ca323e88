"""/v1/files: what clients send for batches, and what batches write for them."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from budgets.types import Caller
from routerhub.gateway.auth import check_permission, check_scope, identify, ip_of
from routerhub.gateway.batches.forms import parts
from routerhub.gateway.batches.uploading import Upload
from routerhub.gateway.errors import BadRequest, NotThere
from routerhub.gateway.protocols import fields
from routerhub.gateway.runtime import Runtime
from routerhub.request_body import PatientReceive
from routerhub.storage.files import FileStore
from routerhub.storage.types import File

MAX_LISTED = 10_000


async def files(request: Request) -> Response:
    """GET and POST /v1/files"""
    runtime, caller = asked(request)
    store = FileStore(runtime.store)
    if request.method == "POST":
        return await _upload(request, runtime, caller)
    limit = asked_limit(request, MAX_LISTED, MAX_LISTED)
    order, after = request.query_params.get("order", "desc"), asked_text(request, "after")
    if order not in {"asc", "desc"}:
        raise fields.wrong("order", order, "asc or desc")
    if after:
        await find(store, caller, after, "after")
    found = await store.listed(caller.account_id, asked_text(request, "purpose"), after, limit + 1, order == "desc")
    return json_list([told(each) for each in found], limit)


async def file(request: Request) -> Response:
    """GET and DELETE /v1/files/{id}"""
    runtime, caller = asked(request)
    store, file_id = FileStore(runtime.store), named(request, "file")
    if request.method == "GET":
        return _json(told(await find(store, caller, file_id)))
    if not await store.delete(caller.account_id, file_id):
        raise NotThere("file", file_id)
    return _json({"id": file_id, "object": "file", "deleted": True})


async def content(request: Request) -> Response:
    """GET /v1/files/{id}/content"""
    runtime, caller = asked(request)
    store = FileStore(runtime.store)
    found = await find(store, caller, named(request, "file"))

    async def pieces() -> AsyncIterator[bytes]:
        async for _, piece in store.pieces(found.account_id, found.id, range(found.pieces)):
            yield piece

    return StreamingResponse(
        pieces(), headers={"content-length": str(found.size)}, media_type="application/octet-stream"
    )


async def _upload(request: Request, runtime: Runtime, caller: Caller) -> Response:
    patient = Request(request.scope, PatientReceive(request.receive, runtime.limits.body_wait_s))
    content_type = request.headers.get("content-type", "")
    try:
        kept = await Upload(FileStore(runtime.store), runtime.limits, caller).take(
            parts(content_type, patient.stream())
        )
    except ClientDisconnect as left:
        raise BadRequest("The client left before the file was whole.") from left
    return _json(told(kept))


def asked(request: Request) -> tuple[Runtime, Caller]:
    """Who asks. Raises KeyRefused, KeysUnavailable, PermissionMissing, KeyOutOfScope."""
    runtime: Runtime = request.app.state.runtime
    caller = identify(request.headers, runtime.snapshots.current.ring, runtime.clock.now())
    check_permission(caller)
    check_scope(caller, request.url.path, ip_of(request.client))
    return runtime, caller


def named(request: Request, kind: str) -> str:
    """The id in the address. Raises NotThere where it cannot be one."""
    found: str = request.path_params["id"]
    if not found.isprintable():
        raise NotThere(kind, found)
    return found


def asked_text(request: Request, name: str) -> str:
    """A text of the query; empty where nothing is said."""
    given = request.query_params.get(name, "")
    return given and fields.text(given, name)


def asked_limit(request: Request, usual: int, most: int) -> int:
    """How many the query wants on a page."""
    return fields.whole(fields.digits(request.query_params.get("limit", str(usual))), "limit", most) or usual


async def find(store: FileStore, caller: Caller, file_id: str, param: str | None = None) -> File:
    """A file of the caller's account. Raises NotThere, StorageUnavailable."""
    found = await store.find(caller.account_id, file_id)
    if found is None:
        raise NotThere("file", file_id, param)
    return found


def told(file: File) -> dict[str, Any]:
    return {
        "id": file.id, "object": "file", "bytes": file.size, "created_at": int(file.created_at.timestamp()),
        "expires_at": int(file.expires_at.timestamp()), "filename": file.filename, "purpose": file.purpose,
        "status": "processed", "status_details": None,
    }  # fmt: skip


def json_list(found: list[dict[str, Any]], limit: int) -> Response:
    """One page of what was looked for with one more than its limit."""
    page = found[:limit]
    ends = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {"first_id": None, "last_id": None}
    return _json({"object": "list", "data": page, **ends, "has_more": len(found) > limit})


def _json(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")
