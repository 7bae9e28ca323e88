"""/v1/files and /v1/batches: what is taken, and what is refused with which field."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from routerhub.gateway.batches import uploading
from routerhub.gateway.snapshots.snapshots import database_dsn
from routerhub.storage.models import File, Item
from routerhub.storage.store import Store
from tests.gateway.exchange import Exchange
from tests.gateway.fakes import PRO_KEY

pytestmark = [pytest.mark.anyio, pytest.mark.django_db(transaction=True)]
BOUNDARY = "----parts"
FORM = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
LINE = b'{"custom_id": "a"}\n'


def form(content: bytes | None = LINE, filename: str = "in.jsonl", **fields: str) -> bytes:
    """A form with a file, as OpenAI's client writes it."""
    parts = [(f'name="{name}"', text.encode()) for name, text in {"purpose": "batch", **fields}.items()]
    if content is not None:
        parts.append((f'name="file"; filename="{filename}"', content))
    written = [
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + body for head, body in parts
    ]
    return b"\r\n".join([*written, f"--{BOUNDARY}--\r\n".encode()])


def expiring(anchor: str, seconds: str) -> Any:
    return {"expires_after[anchor]": anchor, "expires_after[seconds]": seconds}


class Files:
    """A gateway whose files are kept in the database."""

    def __init__(self, store: Store, **limits: Any) -> None:
        self._store, self._limits = store, limits

    async def ask(self, path: str, body: Any = b"", **asked: Any) -> Exchange:
        exchange = Exchange(**self._limits)
        exchange.gateway.runtime.store = self._store
        await exchange.ask(body, path, **asked)
        return exchange

    async def get(self, path: str, **asked: Any) -> Any:
        return orjson.loads((await self.ask(path, method="GET", **asked)).body)

    async def sent(self, body: bytes | None = None, **asked: Any) -> Any:
        exchange = await self.ask("/v1/files", form() if body is None else body, headers=FORM, **asked)
        return orjson.loads(exchange.body)


@pytest.fixture
async def store(anyio_backend: str) -> AsyncIterator[Store]:
    opened = Store(database_dsn(), [bytes(32)])
    await opened.start()
    yield opened
    await opened.stop()


@pytest.fixture
async def files(store: Store) -> Files:
    return Files(store)


# --- files


@pytest.mark.parametrize("pieces", [1, 2, 50])
async def test_a_file_comes_back_as_it_was_sent_and_is_sealed_in_pieces(
    store: Store, pieces: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "PIECE_BYTES", 1_000)
    content = b"".join(b'{"custom_id": "%d"}\n' % at for at in range(90))
    files = Files(store)
    sent = await files.sent(form(content), pieces=pieces)
    assert {name: sent[name] for name in ("object", "bytes", "filename", "purpose", "status")} == {
        "object": "file", "bytes": len(content), "filename": "in.jsonl", "purpose": "batch", "status": "processed",
    }  # fmt: skip
    assert await files.get(f"/v1/files/{sent['id']}") == sent
    back = await files.ask(f"/v1/files/{sent['id']}/content", method="GET")
    assert (back.body, back.headers[b"content-length"]) == (content, b"%d" % len(content))
    kept = [bytes(item.sealed) async for item in Item.objects.all()]
    assert len(kept) == 2
    assert not any(b"custom_id" in each for each in kept)


async def test_a_file_is_kept_as_long_as_it_asks_and_its_pieces_as_long_as_it(files: Files) -> None:
    sent = await files.sent(form(**expiring("created_at", "3600")))
    assert sent["expires_at"] - sent["created_at"] == 3_600
    file, piece = await File.objects.aget(), await Item.objects.aget()
    assert abs((file.expires_at - piece.expires_at).total_seconds()) < 60


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        (form(purpose="fine-tune"), "purpose", "invalid_value"),
        (form(None), "file", "invalid_value"),
        (form(b""), "file", "empty_file"),
        (form(b"x" * 100_001), "file", "file_too_large"),
        (form(LINE * 101), "file", "too_many_requests"),
        (form(colour="red"), "colour", "invalid_value"),
        (
            form(**expiring("now", "3600")),
            "expires_after.anchor",
            "invalid_value",
        ),
        (
            form(**expiring("created_at", "9")),
            "expires_after.seconds",
            "invalid_value",
        ),
        (form()[:-20], None, "invalid_value"),
        (b"no form", None, "invalid_value"),
    ],
)
async def test_a_file_that_is_refused_names_the_field_and_leaves_nothing(
    files: Files, body: bytes, param: str | None, code: str
) -> None:
    refused = await files.ask("/v1/files", body, headers=FORM)
    assert (refused.status, refused.error["param"], refused.error["code"]) == (400, param, code)
    assert not await File.objects.aexists()
    assert not await Item.objects.aexists()


async def test_a_body_that_is_no_form_is_refused_by_its_content_type(files: Files) -> None:
    refused = await files.ask("/v1/files", {"purpose": "batch"}, headers={"content-type": "application/json"})
    assert (refused.status, refused.error["param"]) == (400, "Content-Type")


async def test_files_are_listed_page_by_page_in_either_order(files: Files) -> None:
    ids = [(await files.sent())["id"] for _ in range(3)]
    newest = await files.get("/v1/files", query={"limit": "2"})
    assert ([each["id"] for each in newest["data"]], newest["has_more"]) == (ids[:0:-1], True)
    rest = await files.get("/v1/files", query={"after": newest["last_id"]})
    assert ([each["id"] for each in rest["data"]], rest["has_more"]) == (ids[:1], False)
    oldest = await files.get("/v1/files", query={"order": "asc"})
    assert [each["id"] for each in oldest["data"]] == ids
    assert (await files.get("/v1/files", query={"purpose": "batch_output"}))["data"] == []


@pytest.mark.parametrize(
    ("query", "param"), [({"limit": "0"}, "limit"), ({"order": "up"}, "order"), ({"after": "file-no"}, "after")]
)
@pytest.mark.parametrize("path", ["/v1/files", "/v1/batches"])
async def test_a_page_that_cannot_be_is_refused(files: Files, path: str, query: dict[str, str], param: str) -> None:
    if (path, param) != ("/v1/batches", "order"):
        refused = await files.ask(path, method="GET", query=query)
        assert (refused.status in {400, 404}, refused.error["param"]) == (True, param)


async def test_a_deleted_file_is_gone_with_its_content(files: Files) -> None:
    sent = await files.sent()
    gone = await files.ask(f"/v1/files/{sent['id']}", method="DELETE")
    assert orjson.loads(gone.body) == {"id": sent["id"], "object": "file", "deleted": True}
    assert not await Item.objects.aexists()
    for method in ("GET", "DELETE"):
        refused = await files.ask(f"/v1/files/{sent['id']}", method=method)
        assert (refused.status, refused.error["code"]) == (404, "not_found")


async def test_a_client_that_leaves_while_it_sends_leaves_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "PIECE_BYTES", 100)
    exchange = Exchange()
    exchange.gateway.runtime.store = store
    exchange.leave.set()
    await exchange.ask(form(LINE * 50), "/v1/files", headers=FORM, pieces=4, is_whole=False)
    assert not await Item.objects.aexists()


async def test_names_that_no_database_takes_are_nobodys(files: Files) -> None:
    for path in ("/v1/files/a\0b", "/v1/batches/a\0b"):
        assert (await files.ask(path, method="GET")).status == 404
        refused = await files.ask(path.rpartition("/")[0], method="GET", query={"after": "a\0b"})
        assert (refused.status, refused.error["param"]) == (400, "after")
    assert (await files.sent(form(filename="a\0b.jsonl")))["filename"] == "a\ufffdb.jsonl"


# --- batches


def wanted(file: Any, **changes: Any) -> dict[str, Any]:
    return {"input_file_id": file["id"], "endpoint": "/v1/embeddings", "completion_window": "24h", **changes}


async def test_a_batch_is_told_as_openai_tells_it(files: Files) -> None:
    file = await files.sent()
    made = orjson.loads((await files.ask("/v1/batches", wanted(file, metadata={"for": "me"}))).body)
    assert made["id"].startswith("batch_")
    assert made == await files.get(f"/v1/batches/{made['id']}")
    assert made["expires_at"] - made["created_at"] == 86_400
    assert {name: made[name] for name in ("object", "status", "errors", "output_file_id", "error_file_id", "metadata")} == {
        "object": "batch", "status": "validating", "errors": None, "output_file_id": None, "error_file_id": None,
        "metadata": {"for": "me"},
    }  # fmt: skip
    assert made["request_counts"] == {"total": 0, "completed": 0, "failed": 0}
    cancelled = orjson.loads((await files.ask(f"/v1/batches/{made['id']}/cancel", method="POST")).body)
    assert (cancelled["status"], cancelled["cancelling_at"] is None) == ("cancelling", False)


@pytest.mark.parametrize(
    ("changes", "status", "param"),
    [
        ({"endpoint": "/v1/moderations"}, 400, "endpoint"),
        ({"endpoint": None}, 400, "endpoint"),
        ({"completion_window": "25 hours"}, 400, "completion_window"),
        ({"completion_window": "8d"}, 400, "completion_window"),
        ({"input_file_id": "file-no"}, 404, "input_file_id"),
        ({"input_file_id": 3}, 400, "input_file_id"),
        ({"metadata": {"a": 3}}, 400, "metadata.a"),
        ({"metadata": {str(at): "x" for at in range(17)}}, 400, "metadata"),
        ({"output_expires_after": {"anchor": "created_at", "seconds": 1}}, 400, "output_expires_after.seconds"),
        ({"model": "auto"}, 400, "model"),
    ],
)
async def test_a_batch_that_is_refused_names_the_field(
    files: Files, changes: dict[str, Any], status: int, param: str
) -> None:
    refused = await files.ask("/v1/batches", wanted(await files.sent(), **changes))
    assert (refused.status, refused.error["param"]) == (status, param)


async def test_the_result_of_a_batch_is_no_input_of_another(files: Files) -> None:
    file = await files.sent()
    await File.objects.aupdate(purpose="batch_output")
    refused = await files.ask("/v1/batches", wanted(file))
    assert (refused.status, refused.error["param"]) == (400, "input_file_id")


async def test_another_key_of_the_account_sees_them_and_a_stranger_is_refused(files: Files) -> None:
    file = await files.sent()
    assert (await files.get(f"/v1/files/{file['id']}", key=PRO_KEY))["id"] == file["id"]
    assert (await files.ask("/v1/files", method="GET", key="rh_nobody")).status == 401


async def test_without_the_database_they_are_away_for_now(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    await files._store.stop()
    refused = await files.ask("/v1/files", method="GET")
    assert (refused.status, refused.error["code"]) == (503, "storage_unavailable")
