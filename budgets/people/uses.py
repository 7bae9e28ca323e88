"""When each key was used last: noted in memory, written now and then by whoever has time, at most once a minute for each key."""

from datetime import UTC, datetime, timedelta

from django.db import connection

from budgets.people.keys import LONG_AGO

EVERY = timedelta(minutes=1)
WRITE = """
INSERT INTO budgets_keyuse (key_id, account_id, last_used_at)
SELECT k.id, k.account_id, used.at
FROM unnest(%s::bigint[], %s::timestamptz[]) AS used (key_id, at) JOIN budgets_apikey k ON k.id = used.key_id
ON CONFLICT (key_id) DO UPDATE SET last_used_at = greatest(budgets_keyuse.last_used_at, excluded.last_used_at)
"""


class KeyUses:
    """Of one process. Up to a minute is lost with it, which is accepted."""

    def __init__(self) -> None:
        self._noted: dict[int, datetime] = {}
        self._written: dict[int, datetime] = {}

    def note(self, key_id: int, at: datetime) -> None:
        """The cost in a request: one entry of a dictionary."""
        self._noted[key_id] = at

    def write(self, now: datetime | None = None) -> None:
        """All that is due, in one statement. Raises DatabaseError; what was noted is kept then."""
        now = now or datetime.now(UTC)
        due = {key: at for key, at in list(self._noted.items()) if now - self._written.get(key, LONG_AGO) >= EVERY}
        if not due:
            return
        with connection.cursor() as cursor:
            cursor.execute(WRITE, [list(due), list(due.values())])
        for key, at in due.items():
            self._written[key] = now
            if self._noted.get(key) == at:
                del self._noted[key]
