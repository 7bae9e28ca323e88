"""Records go only when they are counted."""

from analytics.records.partitions import Partition
from analytics.records.retention import NotYet
from analytics.windows.rolling import is_counted


def keep_uncounted(partition: Partition) -> None:
    """Raises NotYet where the records of a week are not all rolled up."""
    if partition.table == "analytics_record" and not is_counted(partition.until):
        raise NotYet("Not all of it is rolled up yet: see manage.py roll_up.")
