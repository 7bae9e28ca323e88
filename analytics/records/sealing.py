"""How the audit chain seals request records."""

from analytics.records.partitions import Partition
from budgets.people.legal_holds import accounts_held
from routerhub.audit.chain import sealing
from routerhub.audit.chain.tables import SealedTable

RECORDS = SealedTable(
    table="analytics_record", key="operation_id", arrived="written_in", arrived_type="xid8",
    day="(created_at AT TIME ZONE 'UTC')::date", is_open="outcome = 'unknown'",
)  # fmt: skip
"""Open is what analytics/sql/amended.sql keeps before it is amended."""


def seal(partition: Partition) -> None:
    """Before it is dropped. What stays of it, since its account is under legal hold, is sealed once more."""
    sealing.seal_partition(partition.name, accounts_held())
