"""Ten thousand keys: what they cost in memory, and how soon a new one is known and a revoked one refused."""

import time
from pathlib import Path

import pytest

from tests.faults.scene import Scene
from tests.stack import eventually

pytestmark = [pytest.mark.xdist_group("faults"), pytest.mark.whole]
KEYS = 10_000
MAX_KB_EACH = 4
KNOWN_WITHIN_S = 1
MAKE = f"""
from budgets.models import Account, ApiKey
from budgets.people.keys import digest
from routerhub.releases.notify import announce
account = Account.objects.first()
ApiKey.objects.bulk_create(ApiKey(account=account, name=str(at), prefix='rh_', digest=digest(str(at))) for at in range({KEYS}))
announce('keys')
"""


def memory_kb(scene: Scene) -> int:
    process = scene.stack.gateways[0].process
    assert process is not None
    status = Path(f"/proc/{process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def known(scene: Scene, key: str, status: int) -> float:
    """Seconds until every gateway says so."""
    began = time.monotonic()
    eventually(lambda: {scene.ask(key=key, url=url).status for url in scene.stack.urls} == {status}, KNOWN_WITHIN_S + 5)
    return time.monotonic() - began


def test_ten_thousand_keys_fit_in_memory_and_a_new_one_is_known_at_once(scene: Scene) -> None:
    before_kb = memory_kb(scene)
    scene.stack.manage("shell", "--no-imports", "-c", MAKE)
    known(scene, "9999", 200)
    each_kb = (memory_kb(scene) - before_kb) / KEYS
    status, made = scene.stack.call(
        "/api/keys", {"account": "default", "name": "one more", "reason": "to see it known"}
    )
    assert status == 201, made
    known_s = known(scene, made["key"], 200)
    assert scene.stack.call(f"/api/keys/{made['id']}/revoke", {"reason": "to see it refused"})[0] == 200
    revoked_s = known(scene, made["key"], 401)
    print(
        f"\n{each_kb:.2f} KB a key; a new one known after {known_s * 1e3:.0f} ms, a revoked one after {revoked_s * 1e3:.0f} ms"
    )
    assert each_kb < MAX_KB_EACH
    assert max(known_s, revoked_s) < KNOWN_WITHIN_S
