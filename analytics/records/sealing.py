"""How the audit chain seals request records."""

from routerhub.audit.chain.tables import SealedTable

RECORDS = SealedTable(
    table="analytics_record", key="operation_id", arrived="written_in", arrived_type="xid8",
    day="(created_at AT TIME ZONE 'UTC')::date", is_open="outcome = 'unknown'",
)  # fmt: skip
"""Open is what analytics/sql/amended.sql keeps before it is amended."""
