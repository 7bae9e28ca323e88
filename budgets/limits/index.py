"""Which limits there are, as a process holds them in memory: ids by scope, and the number of their set.

Amounts are not here: those are the database's own. It compares the number with its own at every reservation, so that a
limit made a moment ago counts at once, and a process that does not know it yet reads the index anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

READ = """
SELECT s.number, l.id, l.kind || ':' || l.subject AS scope, l.measure = 'requests' AS counts_requests
FROM budgets_limitset s LEFT JOIN budgets_limit l ON l.is_active
ORDER BY l.id
"""
"""One statement, so that number and limits are of the same moment."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitIndex:
    """The active limits of one set. Scopes are "kind:subject" strings, "site:" for the whole site."""

    number: int
    by_scope: Mapping[str, tuple[int, ...]]
    of_requests: frozenset[int] = frozenset()
    """Those that count requests."""

    def ids(self, scopes: Iterable[str], counted: Iterable[str] = ()) -> tuple[int, ...]:
        """The limits of all these scopes, sorted, each once; without those of requests where the request was `counted`."""
        found = self._of(scopes)
        if counted:
            found -= self._of(counted) & self.of_requests
        return tuple(sorted(found))

    def _of(self, scopes: Iterable[str]) -> set[int]:
        by_scope = self.by_scope
        return {limit for scope in scopes if scope in by_scope for limit in by_scope[scope]}


UNREAD = LimitIndex(number=-1, by_scope={})
"""Before the first reading: no set has this number, so the database asks for a reading."""


def index_of(rows: Sequence[tuple[int, int | None, str, bool]]) -> LimitIndex:
    """From the rows of READ."""
    by_scope: dict[str, list[int]] = {}
    for _, limit_id, scope, _ in rows:
        if limit_id is not None:
            by_scope.setdefault(scope, []).append(limit_id)
    return LimitIndex(
        number=rows[0][0],
        by_scope={scope: tuple(ids) for scope, ids in by_scope.items()},
        of_requests=frozenset(limit_id for _, limit_id, _, counts in rows if limit_id is not None and counts),
    )


def load() -> LimitIndex:
    """From the database, for a snapshot."""
    with connection.cursor() as cursor:
        cursor.execute(READ)
        return index_of(cursor.fetchall())
