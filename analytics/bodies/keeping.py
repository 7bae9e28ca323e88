"""What was said, made into what is kept of it: redacted, then sealed, then written, many at once."""

import zlib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings

from analytics.bodies.redaction.walking import redact
from analytics.bodies.types import Said
from analytics.models import Body
from routerhub.sealing import Sealer
from routerhub.tenancy.scope import system

FAST = 1
"""zlib's level, as in routerhub.storage."""


@lru_cache(1)
def sealer() -> Sealer:
    return Sealer(settings.STORAGE_KEYS)


def _name(account_id: int, operation_id: UUID, part: str) -> str:
    return f"{account_id}/body/{operation_id}/{part}"


def kept(said: Said) -> Body:
    """The row of it. Nothing that was taken out is in it, in clear or sealed."""
    most, regions = settings.ANALYTICS_BODY_MAX_CHARS, settings.ANALYTICS_PHONE_REGIONS
    request = redact(said.request, regions, most)
    answer = None if said.answer is None else redact(said.answer, regions, most)
    counts = Counter(request.counts)
    counts.update(answer.counts if answer else {})
    return Body(
        operation_id=said.operation_id,
        account_id=said.account_id,
        created_at=said.created_at,
        sealed_request=_sealed(said, "request", request.value),
        sealed_answer=answer and _sealed(said, "answer", answer.value),
        size=said.size,
        is_cut=request.is_cut or bool(answer and answer.is_cut),
        redacted=dict(counts),
    )


def _sealed(said: Said, part: str, value: Any) -> bytes:
    content = zlib.compress(orjson.dumps(value), FAST)
    return sealer().seal(_name(said.account_id, said.operation_id, part), content)


def opened(body: Body) -> tuple[Any, Any]:
    """The request and the answer that a row keeps; an answer of None: there was none. Raises Unreadable."""
    return _opened(body, "request", body.sealed_request), _opened(body, "answer", body.sealed_answer)


def _opened(body: Body, part: str, sealed: bytes | memoryview | None) -> Any:
    if sealed is None:
        return None
    content = sealer().open(_name(body.account_id, body.operation_id, part), bytes(sealed))
    return orjson.loads(zlib.decompress(content))


def write(rows: Sequence[Body]) -> None:
    """All of them in one statement, of whichever accounts; one that is there stays. Raises DatabaseError."""
    with system():
        Body.objects.bulk_create(rows, ignore_conflicts=True)
