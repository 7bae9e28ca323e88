"""Batches as the gateway leaves them in the database."""

from datetime import timedelta
from typing import Any

from django.utils.timezone import now

from routerhub.batches.models import Batch


def batch(account_id: int, **changes: Any) -> Batch:
    """Half done."""
    values = {
        "id": "batch_1", "key_id": 3, "endpoint": "/v1/chat/completions", "status": "in_progress",
        "input_file_id": "file-in", "completion_window": "24h", "metadata": {"for": "tests"}, "result_retention_s": 3_600,
        "total": 10, "completed": 4, "failed": 1, "cost_nano": 1_500_000,
        "groups": {"auto, coding, simple": "openai:gpt-5-mini"}, "created_at": now(), "in_progress_at": now(),
        "expires_at": now() + timedelta(days=1),
    }  # fmt: skip
    return Batch.objects.create(account_id=account_id, **{**values, **changes})
