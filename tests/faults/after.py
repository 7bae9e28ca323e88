"""What must hold whatever has failed, seen from outside: by what the upstream was asked, and by what clients were told."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from tests.faults.scene import Scene
from tests.stack import eventually

RECORDS = """
    SELECT tags[2], operation_id::text, outcome, cost_nano, is_usage_estimated FROM analytics_record WHERE 'fault' = ANY (tags)
"""
ENTRIES = "SELECT operation_id::text, hop, kind, outcome, amount_nano FROM budgets_ledgerentry"
UNDER_WAY = "SELECT (SELECT count(*) FROM budgets_hold), (SELECT count(*) FROM budgets_slot WHERE lease_until > now())"
BETWEEN_HOPS = """
    SELECT count(*) FROM budgets_ledgerentry e
    WHERE NOT EXISTS (SELECT FROM analytics_record r WHERE r.operation_id = e.operation_id)
"""
"""A request that goes on elsewhere has nothing held for a moment, and its first hop in the books; the last brings the record."""
SWEEP_WITHIN_S = 30
Entry = tuple[int, str, str, int]


def after(scene: Scene) -> None:
    """Nothing is stuck, no limit was passed, and what is in the books is what happened."""
    _nothing_is_stuck(scene)
    assert scene.rows("SELECT limit_id, above FROM overshoot") == [], "no limit was passed at any commit"
    assert "equals" in scene.stack.manage("reconcile")
    _books_are_what_happened(scene)


def _nothing_is_stuck(scene: Scene) -> None:
    """Ready again, no hold or slot without an owner, no file in the spool, nobody waits for the upstream."""
    for url in scene.stack.urls:
        eventually(lambda url=url: scene.stack.call("/readyz", url=url)[0] == 200, within_s=20)
    eventually(lambda: scene.upstream.under_way == 0, within_s=10)
    eventually(lambda: not list(scene.spool.glob("*")), within_s=15)
    eventually(lambda: scene.rows(BETWEEN_HOPS) == [(0,)], within_s=20)
    eventually(lambda: scene.rows("SELECT sweep_holds(200)") and scene.rows(UNDER_WAY) == [(0, 0)], SWEEP_WITHIN_S)


def _books_are_what_happened(scene: Scene) -> None:
    records, entries = _books(scene)
    told = {each.name: each for each in scene.told}
    recorded = {operation for operation, *_ in records.values()}
    assert {each: of for each, of in entries.items() if each not in recorded} == {}, "nobody paid who never asked"
    for name, (operation, outcome, cost, is_estimate) in records.items():
        charged = entries.get(operation, [])
        assert cost == sum(amount for *_, amount in charged), (name, operation, charged)
        _paid_once(charged)
        if name in told and told[name].is_answered:
            assert (told[name].operation_id, told[name].cost_nano, "success") == (operation, cost, outcome)
        if name not in scene.upstream.calls and cost:
            assert outcome == "unknown" or is_estimate, f"{name} was asked of nobody, and its price is no guess"
    for name in told.keys() - records.keys():
        assert not told[name].is_answered, f"{name} was answered for nothing"
        assert name not in scene.upstream.calls, f"{name} was asked of the upstream and never recorded"


def _books(scene: Scene) -> tuple[dict[str, tuple[str, str, int, bool]], dict[str, list[Entry]]]:
    """Records and entries of one moment: who was cut off late may be settled between the two."""
    while True:
        entries, records = _entries(scene), _records(scene)
        if entries == _entries(scene):
            return records, entries


def _records(scene: Scene) -> dict[str, tuple[str, str, int, bool]]:
    found: dict[str, tuple[str, str, int, bool]] = {}
    for name, operation, outcome, cost, is_estimate in scene.rows(RECORDS):
        assert name not in found, f"{name} was recorded twice"
        found[name] = operation, outcome, cost, is_estimate
    return found


def _entries(scene: Scene) -> dict[str, list[Entry]]:
    found = defaultdict(list)
    for operation, *facts in scene.rows(ENTRIES):
        found[operation].append(tuple(facts))
    return dict(found)


def _paid_once(charged: Sequence[Entry]) -> None:
    """Each hop has one charge, and a correction only after a sweep."""
    kinds: dict[int, dict[str, Any]] = defaultdict(dict)
    for hop, kind, outcome, _ in charged:
        assert kind not in kinds[hop], "twice"
        kinds[hop][kind] = outcome
    for of_hop in kinds.values():
        assert of_hop.get("charge") == "unknown" or set(of_hop) == {"charge"}
