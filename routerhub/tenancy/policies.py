"""The policies of a table, as operations of a migration."""

from django.db.migrations import RunSQL

from routerhub.tenancy.owners import ACCOUNTS, SYSTEM, Owner

IS_SET = f"{ACCOUNTS} IS NOT NULL"
"""That a statement says for whom it asks."""


def protected(table: str, owner: Owner) -> RunSQL:
    """From here on each row of the table is its owner's alone. The role that owns the table is held to it as well (`FORCE`)."""
    condition, readable = owner.condition.format(table=table), owner.readable.format(table=table)
    policies = [f"CREATE POLICY owner ON {table} USING ({_unless_system(condition)})"]
    if owner.readable:
        policies.append(
            f"CREATE POLICY readable ON {table} FOR SELECT USING ({_unless_system(f'{IS_SET} AND ({readable})')})"
        )
    return RunSQL(
        f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        DROP POLICY IF EXISTS owner ON {table};
        DROP POLICY IF EXISTS readable ON {table};
        {"; ".join(policies)};
        COMMENT ON POLICY owner ON {table} IS '{owner.name}';
        """,
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY",
    )


def _unless_system(condition: str) -> str:
    """Work across accounts is asked for first, so that the ledger's batches never get to the rest. A CASE and no OR: of that,
    PostgreSQL would guess that it holds for hardly a row, and read and sort a whole table rather than follow an index."""
    return f"CASE WHEN {SYSTEM} THEN true ELSE {condition} END"
