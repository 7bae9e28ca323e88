"""What readiness says of the snapshot; the rest is asked of running processes (tests/acceptance, tests/faults)."""

from dataclasses import replace

import pytest

from routerhub.gateway.snapshots import shipped
from routerhub.health import _snapshot


@pytest.mark.parametrize(
    ("loaded_at", "told"),
    [(None, "not loaded from the database yet"), (100.0, "ok"), (40.0, "ok"), (39.0, "not renewed for 61 s")],
)
def test_a_snapshot_that_nobody_renews_any_more_is_not_ready(loaded_at: float | None, told: str) -> None:
    assert _snapshot(replace(shipped(), loaded_at=loaded_at), now=100.0) == told
