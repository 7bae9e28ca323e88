"""Tables that a process holds in memory row by row, and how it finds out which rows it does not hold as they are."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from django.db import connection

Value = TypeVar("Value")
Read = Callable[[Collection[int]], Mapping[int, Value]]
"""Reads the rows with these keys; those that are gone are missing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows(Generic[Value]):
    """What rows say, by a key of theirs, and the version of each when the whole table was checked last."""

    values: Mapping[int, Value] = field(default_factory=dict)
    versions: Mapping[int, str] = field(default_factory=dict)

    def checked(self, versions: Mapping[int, str], read: Read[Value]) -> "Rows[Value]":
        """The whole table, of which only rows with another version than before are read.

        `versions` are older than what is read now: a row that changed in between is read once more next time, never missed.
        """
        changed = [key for key, version in versions.items() if self.versions.get(key) != version]
        if not changed and len(versions) == len(self.values):
            return Rows(values=self.values, versions=versions)
        unchanged = versions.keys() - set(changed)
        values = {key: value for key, value in self.values.items() if key in unchanged}
        return Rows(values={**values, **(read(changed) if changed else {})}, versions=versions)

    def renewed(self, gone: Callable[[int, Value], bool], found: Mapping[int, Value]) -> "Rows[Value]":
        """With some rows as they were just found, in place of those that `gone` names."""
        values = {key: value for key, value in self.values.items() if not gone(key, value)}
        return Rows(values={**values, **found}, versions=self.versions)


def versions(query: str) -> dict[int, str]:
    """Keys and versions, by a query that makes the version of `xmin` and `ctid`: who wrote the row as it stands, and where.

    PostgreSQL keeps both for every row. Rewriting a table moves its rows, so that they are read once more.
    """
    with connection.cursor() as cursor:
        cursor.execute(query)
        return dict(cursor.fetchall())
