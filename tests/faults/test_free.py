"""A model that costs nothing, and a limit in which nothing is left."""

import pytest

from tests.faults.scene import Scene
from tests.faults.test_clock import limited
from tests.stack import eventually

pytestmark = pytest.mark.xdist_group("faults")
FREE = "openai:gpt-4.1"
PRICE = {
    "model": FREE, "provider": "openai", "effective_from": "2026-11-20T00:00:00Z", "input": "0", "output": "0",
    "cache_read": "0", "source": "a price list", "dated": "2026-11-20", "reason": "it is given away",
}  # fmt: skip
PAID = "SELECT amount_nano, outcome FROM budgets_ledgerentry WHERE operation_id = %s"


def test_what_costs_nothing_is_let_in_where_nothing_is_left_and_stands_in_the_books(scene: Scene) -> None:
    status, price = scene.stack.call("/api/prices", PRICE)
    assert status == 201, price
    approved = scene.stack.call(f"/api/prices/{price['id']}/approve", {"reason": "so it is"})
    assert approved[0] == 200, approved
    with limited(scene, "total", 0):
        assert scene.ask().status == 429
        told = eventually(lambda: (told := scene.ask(model=FREE)).is_answered and told)
    assert told.cost_nano == 0
    assert scene.rows(PAID, told.operation_id) == [(0, "success")]
