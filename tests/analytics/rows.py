"""Request records put straight into the table."""

import json
import uuid
from typing import Any

from django.db import connection

from tests.budgets.books import record


def insert(**changes: Any) -> uuid.UUID:
    """One record; returns its operation id."""
    operation_id = uuid.uuid4()
    with connection.cursor() as cursor:
        cursor.execute("SELECT record_many(%s)", [json.dumps([record(operation_id, **changes)])])
    return operation_id
