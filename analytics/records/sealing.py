"""How the audit chain seals request records."""

from analytics.records.partitions import Partition
from analytics.records.retention import NotYet
from budgets.demonstration import entries
from budgets.people.legal_holds import accounts_held
from routerhub.audit.chain import sealing
from routerhub.audit.chain.tables import SealedTable
from routerhub.audit.errors import ChainRefused

RECORDS = SealedTable(
    table="analytics_record", key="operation_id", arrived="written_in", arrived_type="xid8",
    day="(created_at AT TIME ZONE 'UTC')::date", is_open="outcome = 'unknown'",
    is_skipped=entries.MARK,
)  # fmt: skip
"""Open is what analytics/sql/amended.sql keeps before it is amended. A demonstration's records are not sealed: they may go."""


def seal(partition: Partition) -> None:
    """Before it is dropped. What stays of it, since its account is under legal hold, is sealed once more. Raises
    NotYet where nothing can be sealed."""
    try:
        sealing.seal_partition(partition.name, accounts_held())
    except ChainRefused as refused:
        raise NotYet(str(refused)) from refused
