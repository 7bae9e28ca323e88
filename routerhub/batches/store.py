"""Batches as the gateway and its workers read and write them. Every method raises StorageUnavailable.

A worker has a batch for as long as it renews its lease. Whatever it writes says who it is, and counts only while the batch
is its own: who lost it learns so by LeaseLost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from routerhub.batches.errors import LeaseLost, NotCancellable
from routerhub.batches.types import Batch, Kept, Lease, NewBatch, Status
from routerhub.storage.files import PUT_PIECE, piece_name
from routerhub.storage.store import Store
from routerhub.tenancy.pools import in_one_go, in_transaction

COLUMNS = ", ".join("host(ip) AS ip" if field.name == "ip" else field.name for field in fields(Batch))
CREATE = f"""
    INSERT INTO batches_batch (
        id, account_id, key_id, endpoint, status, input_file_id, completion_window, metadata, result_retention_s, ip,
        total, completed, failed, cost_nano, is_sandbox, groups, errors, output_bytes, error_bytes, created_at, expires_at)
    VALUES (
        %(id)s, %(account_id)s, %(key_id)s, %(endpoint)s, 'validating', %(input_file_id)s, %(completion_window)s,
        %(metadata)s, %(result_retention_s)s, %(ip)s, 0, 0, 0, 0, false, '{{}}', '[]', 0, 0, now(),
        now() + make_interval(secs => %(window_s)s))
    RETURNING {COLUMNS}
"""  # noqa: S608
FIND = f"SELECT {COLUMNS} FROM batches_batch WHERE account_id = %(account_id)s AND id = %(id)s"  # noqa: S608
LISTED = f"""
    SELECT {COLUMNS} FROM batches_batch b
    WHERE account_id = %(account_id)s AND (
        %(after)s::text = '' OR (created_at, id) < (SELECT created_at, id FROM batches_batch a
                                              WHERE a.account_id = b.account_id AND a.id = %(after)s::text))
    ORDER BY created_at DESC, id DESC LIMIT %(limit)s
"""  # noqa: S608
CANCEL = """
    UPDATE batches_batch SET status = 'cancelling', cancelling_at = now()
    WHERE id = ANY (%(ids)s) AND status IN ('validating', 'in_progress') RETURNING id
"""
ALONE = "SELECT pg_advisory_xact_lock(hashtext('batches'))"
CLAIM = f"""
    UPDATE batches_batch SET worker = %(worker)s, lease_until = now() + make_interval(secs => %(lease_s)s)
    WHERE id IN (
        SELECT id FROM batches_batch
        WHERE status IN ('validating', 'in_progress', 'finalizing', 'cancelling')
          AND (lease_until IS NULL OR lease_until < now()) AND worker IS DISTINCT FROM %(worker)s
          AND NOT EXISTS (SELECT FROM batches_batch WHERE worker <> %(worker)s AND lease_until >= now())
        ORDER BY created_at LIMIT %(most)s
    )
    RETURNING {COLUMNS}
"""  # noqa: S608
MINE = "WHERE id = %(id)s AND worker = %(worker)s"
RENEW = f"UPDATE batches_batch SET lease_until = now() + make_interval(secs => %(lease_s)s) {MINE} RETURNING status"  # noqa: S608
RELEASE = f"UPDATE batches_batch SET worker = NULL, lease_until = NULL {MINE} RETURNING status"  # noqa: S608
BEGIN = f"""
    UPDATE batches_batch SET
        status = CASE WHEN status = 'validating' THEN 'in_progress' ELSE status END, in_progress_at = now(),
        total = %(total)s
    {MINE} RETURNING {COLUMNS}
"""  # noqa: S608
GROUP = f"UPDATE batches_batch SET groups = %(groups)s {MINE} RETURNING status"  # noqa: S608
FINALIZE = f"""
    UPDATE batches_batch SET
        finalizing_at = now(), status = CASE WHEN status = 'cancelling' THEN status ELSE 'finalizing' END,
        expired_at = CASE WHEN %(is_expired)s AND status <> 'cancelling' THEN now() END
    {MINE} RETURNING {COLUMNS}
"""  # noqa: S608
END = f"""
    UPDATE batches_batch SET
        status = %(status)s::text, errors = %(errors)s, worker = NULL, lease_until = NULL,
        completed_at = CASE WHEN %(status)s::text = 'completed' THEN now() END,
        failed_at = CASE WHEN %(status)s::text = 'failed' THEN now() END,
        cancelled_at = CASE WHEN %(status)s::text = 'cancelled' THEN now() END
    {MINE} RETURNING status
"""  # noqa: S608
HELD = f"SELECT id FROM batches_batch {MINE} FOR UPDATE"  # noqa: S608
COUNT = f"""
    UPDATE batches_batch SET
        completed = completed + CASE WHEN %(is_error)s THEN 0 ELSE %(requests)s END,
        failed = failed + CASE WHEN %(is_error)s THEN %(requests)s ELSE 0 END,
        output_bytes = output_bytes + CASE WHEN %(is_error)s THEN 0 ELSE %(bytes)s END,
        error_bytes = error_bytes + CASE WHEN %(is_error)s THEN %(bytes)s ELSE 0 END,
        cost_nano = cost_nano + %(cost_nano)s, is_sandbox = is_sandbox OR %(is_sandbox)s
    {MINE}
"""  # noqa: S608


class BatchStore:
    """Batches by account and id, and those that wait for a worker."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(self, new: NewBatch) -> Batch:
        values = {field.name: getattr(new, field.name) for field in fields(NewBatch)}
        (made,) = await self._store.rows(Batch, CREATE, **{**values, "metadata": new.metadata and Jsonb(new.metadata)})
        return made

    async def find(self, account_id: int, batch_id: str) -> Batch | None:
        found = await self._store.rows(Batch, FIND, account_id=account_id, id=batch_id)
        return found[0] if found else None

    async def listed(self, account_id: int, after: str, limit: int) -> Sequence[Batch]:
        """The newest first, behind the one with the id `after` ("" from the first on)."""
        return await self._store.rows(Batch, LISTED, account_id=account_id, after=after, limit=limit)

    async def cancel(self, account_id: int, batch_id: str) -> Batch | None:
        """Let whoever works on it stop. None where there is none. Raises NotCancellable."""
        found = await self.find(account_id, batch_id)
        if found is None or found.status == "cancelling":
            return found
        if not await self._one(CANCEL, ids=[batch_id]):
            raise NotCancellable(batch_id, found.status)
        return await self.find(account_id, batch_id)

    # --- for workers

    async def claim(self, worker: UUID, lease_s: float, most: int) -> Sequence[Lease]:
        """Batches that wait, those of workers that died among them, but never one that it has itself and was slow to renew.
        None while another worker is at work: there is one at a time, so that what it does at once is all that is done at once.
        """
        async with self._store.connection() as connection, in_transaction(connection):
            await connection.execute(ALONE)
            cursor = connection.cursor(row_factory=class_row(Batch))
            await cursor.execute(CLAIM.encode(), {"worker": worker, "lease_s": lease_s, "most": most})
            return [Lease(batch=batch, worker=worker) for batch in await cursor.fetchall()]

    async def renew(self, lease: Lease, lease_s: float) -> Status:
        """Keep it for so much longer. Returns how it stands. Raises LeaseLost."""
        (status,) = await self._mine(RENEW, lease, lease_s=lease_s)
        return status  # type: ignore[no-any-return]

    async def release(self, lease: Lease) -> None:
        """Let another worker go on with it. Raises LeaseLost."""
        await self._mine(RELEASE, lease)

    async def begin(self, lease: Lease, total: int) -> Batch:
        """It was validated. Raises LeaseLost."""
        return await self._changed(BEGIN, lease, total=total)

    async def group(self, lease: Lease, groups: Mapping[str, str]) -> None:
        """Keep what was decided for its groups. Raises LeaseLost."""
        await self._mine(GROUP, lease, groups=Jsonb(groups))

    async def finalize(self, lease: Lease, is_expired: bool) -> Batch:
        """No more of it is asked. Raises LeaseLost."""
        return await self._changed(FINALIZE, lease, is_expired=is_expired)

    async def end(self, lease: Lease, status: Status, errors: Sequence[Mapping[str, Any]] = ()) -> None:
        """It has ended. Raises LeaseLost."""
        await self._mine(END, lease, status=status, errors=Jsonb(list(errors)))

    async def keep(self, lease: Lease, kept: Kept) -> None:
        """Keep a piece of what it writes, and count it, in one step. Repeating it changes nothing. Raises LeaseLost."""
        batch = lease.batch
        name = piece_name(batch.account_id, batch.error_file_id if kept.is_error else batch.output_file_id, kept.number)
        sealed = await self._store.seal(name, kept.content)
        mine = {"id": batch.id, "worker": lease.worker}
        piece = {
            "account_id": batch.account_id,
            "name": name.name,
            "sealed": sealed,
            "seconds": batch.result_retention_s,
        }
        count = {
            "bytes": len(kept.content),
            **{each: getattr(kept, each) for each in ("is_error", "requests", "cost_nano", "is_sandbox")},
        }
        async with self._store.connection() as connection, in_transaction(connection):
            if await (await connection.execute(HELD.encode(), mine)).fetchone() is None:
                raise LeaseLost(batch.id)
            if await (await connection.execute(PUT_PIECE, piece)).fetchone():
                await connection.execute(COUNT.encode(), {**mine, **count})

    async def _changed(self, query: str, lease: Lease, **values: Any) -> Batch:
        found = await self._store.rows(Batch, query, id=lease.batch.id, worker=lease.worker, **values)
        if not found:
            raise LeaseLost(lease.batch.id)
        return found[0]

    async def _mine(self, query: str, lease: Lease, **values: Any) -> Any:
        row = await self._one(query, id=lease.batch.id, worker=lease.worker, **values)
        if row is None:
            raise LeaseLost(lease.batch.id)
        return row

    async def _one(self, query: str, **values: Any) -> Any:
        async with self._store.connection() as connection:
            async with in_one_go(connection):
                cursor = await connection.execute(query.encode(), values)
            return await cursor.fetchone()
