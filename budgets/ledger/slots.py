"""The slots that this process's operations have of their keys: as long as it lives, it says so again and again."""

import time
from uuid import UUID

from budgets.types import Spend

RENEW = "SELECT renew_slots($1::uuid[])"


class Slots:
    """Since when and how long is in the database; this knows whose are to be renewed."""

    def __init__(self) -> None:
        self._ends: dict[UUID, float] = {}
        """Monotonic seconds by which the operation has ended at the latest."""

    def take(self, spend: Spend) -> None:
        self._ends[spend.operation_id] = time.monotonic() + spend.lease_s

    def free(self, operation_id: UUID) -> None:
        self._ends.pop(operation_id, None)

    def living(self) -> list[UUID]:
        """The operations that are under way."""
        now = time.monotonic()
        self._ends = {operation_id: end for operation_id, end in self._ends.items() if end > now}
        return list(self._ends)
