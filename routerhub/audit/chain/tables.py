"""Which tables are sealed: the history of every audited table, and what apps register here."""

from dataclasses import dataclass

from simple_history.models import registered_models


@dataclass(frozen=True, kw_only=True, slots=True)
class SealedTable:
    """A table whose rows are only ever added to, but that open ones may be amended."""

    table: str
    key: str = "id"
    arrived: str = "arrived"
    """The column with the number of the transaction that wrote the row last."""
    arrived_type: str = "bigint"
    day: str = "NULL::date"
    """SQL: by which day of UTC the row goes with its partition."""
    is_open: str = "false"
    """SQL: whether the row may still be amended. A trigger then keeps it as it was (`audit_keep_amended`)."""
    is_skipped: str = "false"
    """SQL: what is no row of the product's, such as a demonstration's."""


EVENTS = SealedTable(table="audit_event")
_registered: dict[str, SealedTable] = {EVENTS.table: EVENTS}


def register(table: SealedTable) -> None:
    """From the next round on its rows are sealed, those that it has already among them."""
    _registered[table.table] = table


def sealed_tables() -> list[SealedTable]:
    """By name, in which order those of one round are sealed."""
    histories = [model.history.model for model in registered_models.values()]
    found = _registered | {
        each._meta.db_table: SealedTable(table=each._meta.db_table, key="history_id", arrived="transaction")
        for each in histories
        if hasattr(each, "transaction")
    }
    return [found[name] for name in sorted(found)]


def find(name: str) -> SealedTable | None:
    return next((each for each in sealed_tables() if each.table == name), None)
