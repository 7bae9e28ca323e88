"""What is kept for how long: each kind says so here, when its app is ready. See docs/records.md."""

from collections.abc import Callable
from dataclasses import dataclass

from analytics.records.partitions import Partition


class NotYet(Exception):
    """A partition has to stay for now: the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One table whose rows have a time. Those of accounts under legal hold outlive it, where the table knows accounts."""

    name: str
    """For people, e.g. "records"."""
    table: str
    days: Callable[[], int | None]
    """None: it is kept for ever."""
    is_partitioned: bool = False
    """By the week of `created_at`: then whole weeks are dropped. Otherwise rows are deleted."""
    column: str = "created_at"
    """By which rows age."""
    has_accounts: bool = True
    """Whether it has a column `account_id`."""


_kinds: dict[str, Kind] = {}
_before_drop: list[Callable[[Partition], None]] = []


def register(kind: Kind) -> None:
    _kinds[kind.name] = kind


def before_drop(hook: Callable[[Partition], None]) -> Callable[[Partition], None]:
    """Call this with each partition before it is dropped, in the same transaction: what it writes stays only where the partition
    goes. It raises NotYet where the partition has to stay."""
    _before_drop.append(hook)
    return hook


def kinds() -> list[Kind]:
    return list(_kinds.values())


def hooks() -> list[Callable[[Partition], None]]:
    return list(_before_drop)
