"""Which limits there are, as a process holds them in memory: ids by scope, and the number of their set.

Amounts are not here: those are the database's own. It compares the number with its own at every reservation, so that a
limit made a moment ago counts at once, and a process that does not know it yet reads the index anew.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import connection

from budgets.types import Spend

READ = """
SELECT s.number, l.id, l.kind || ':' || l.subject AS scope, l.measure = 'requests' AS counts_requests, l.account_id,
       l.mode = 'pause' AS pauses
FROM budgets_limitset s LEFT JOIN budgets_limit l ON l.is_active
ORDER BY l.id
"""
"""One statement, so that number and limits are of the same moment."""
EACH = ":*"
"""How the scope of a limit ends that is one of each of its kind."""
NOBODY: Mapping[str, tuple[int, ...]] = {}
Place = tuple[int, str, int | None]
"""A limit's id, which one of a limit of each it is (else ""), and the amount where that is not its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitIndex:
    """The active limits of one set. Scopes are "kind:subject" strings, "site:" for the whole site."""

    number: int
    by_scope: Mapping[str, tuple[int, ...]]
    """The site's."""
    of_account: Mapping[int, Mapping[str, tuple[int, ...]]] = field(default_factory=dict)
    """Those of each account, which count its requests alone."""
    of_requests: frozenset[int] = frozenset()
    """Those that count requests."""
    has_each: bool = False
    """Whether there are limits of each."""
    has_pauses: bool = False
    """Whether there are limits that pause: only then is it worth looking which do."""

    def ids(self, scopes: Iterable[str], counted: Iterable[str] = (), account_id: int | None = None) -> tuple[int, ...]:
        """The limits of all these scopes, sorted, each once; without those of requests where the request was `counted`."""
        own = self.of_account.get(account_id or 0, NOBODY)
        found = self._of(scopes, own)
        if counted:
            found -= self._of(counted, own) & self.of_requests
        return tuple(sorted(found))

    def places(self, spend: Spend) -> list[Place]:
        """What counts a spend, in the order of the limits' ids."""
        plain = self.ids(spend.scopes, spend.counted, spend.account_id)
        if not self.has_each and spend.per_task is None:
            return [(limit, "", None) for limit in plain]
        found: dict[int, Place] = {limit: (limit, "", None) for limit in plain}
        for limit, subject in self._each(spend):
            found[limit] = limit, subject, None
        if (per_task := spend.per_task) is not None:
            for limit in self.by_scope.get(per_task.scope, ()):
                found[limit] = limit, owned(spend.account_id, per_task.task), per_task.amount_nano
        return [found[limit] for limit in sorted(found)]

    def _each(self, spend: Spend) -> Iterator[tuple[int, str]]:
        """Limits of each of a kind, and which one of them the spend is of."""
        own = self.of_account.get(spend.account_id, NOBODY)
        for scope in spend.scopes:
            kind, _, name = scope.partition(":")
            left_out = self.of_requests if scope in spend.counted else frozenset()
            for limits, subject in ((own, name), (self.by_scope, owned(spend.account_id, name))):
                for limit in limits.get(kind + EACH, ()):
                    if limit not in left_out:
                        yield limit, subject

    def _of(self, scopes: Iterable[str], own: Mapping[str, tuple[int, ...]]) -> set[int]:
        by_scope = self.by_scope
        found = {limit for scope in scopes if scope in by_scope for limit in by_scope[scope]}
        if own:
            found |= {limit for scope in scopes if scope in own for limit in own[scope]}
        return found


UNREAD = LimitIndex(number=-1, by_scope={})
"""Before the first reading: no set has this number, so the database asks for a reading."""


def owned(account_id: int, name: str) -> str:
    """Which one of a site's limit of each: names of sessions, tasks and workers are an account's own."""
    return f"{account_id}/{name}"


def index_of(rows: Sequence[tuple[int, int | None, str, bool, int | None, bool]]) -> LimitIndex:
    """From the rows of READ."""
    by_account: dict[int | None, dict[str, list[int]]] = {}
    for _, limit_id, scope, _, account_id, _ in rows:
        if limit_id is not None:
            by_account.setdefault(account_id, {}).setdefault(scope, []).append(limit_id)
    by_scope = {account: _frozen(limits) for account, limits in by_account.items()}
    return LimitIndex(
        number=rows[0][0],
        by_scope=by_scope.pop(None, {}),
        of_account={account: limits for account, limits in by_scope.items() if account is not None},
        of_requests=frozenset(limit_id for _, limit_id, _, counts, *_ in rows if limit_id is not None and counts),
        has_each=any(scope.endswith(EACH) for _, limit_id, scope, *_ in rows if limit_id is not None),
        has_pauses=any(pauses for *_, pauses in rows),
    )


def _frozen(limits: Mapping[str, list[int]]) -> dict[str, tuple[int, ...]]:
    return {scope: tuple(ids) for scope, ids in limits.items()}


def load() -> LimitIndex:
    """From the database, for a snapshot."""
    with connection.cursor() as cursor:
        cursor.execute(READ)
        return index_of(cursor.fetchall())
