"""The policies of a table, as operations of a migration."""

from django.db.migrations import RunSQL

from routerhub.tenancy.owners import SYSTEM, Owner


def protected(table: str, owner: Owner) -> RunSQL:
    """From here on each row of the table is its owner's alone. The role that owns the table is held to it as well (`FORCE`)."""
    condition, readable = owner.condition.format(table=table), owner.readable.format(table=table)
    return RunSQL(
        f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        DROP POLICY IF EXISTS across_accounts ON {table};
        DROP POLICY IF EXISTS owner ON {table};
        DROP POLICY IF EXISTS readable ON {table};
        CREATE POLICY across_accounts ON {table} USING ({SYSTEM});
        CREATE POLICY owner ON {table} USING ({condition});
        {f"CREATE POLICY readable ON {table} FOR SELECT USING ({readable});" if readable != "false" else ""}
        COMMENT ON POLICY owner ON {table} IS '{owner.name}';
        """,
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY",
    )
