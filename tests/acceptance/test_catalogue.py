"""What staff change reaches every process of the running product within a second, for those it is meant for, and back."""

import json
import re
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest

from routerhub.releases import rollout
from routerhub.releases.types import Pointer
from tests.stack import ADMIN_PASSWORD, Stack, eventually, running_stack

pytestmark = pytest.mark.xdist_group("stack")
MODEL = "openai:acceptance"
PRICE = {
    "effective_from": "2026-01-01T00:00:00Z", "rates": {"input": "1", "output": "2"}, "source": "a test",
    "dated": "2026-01-01",
}  # fmt: skip
NEW = {
    "id": MODEL, "name": "Acceptance", "context_window": 100_000, "max_output": 10_000, "reason": "acceptance",
    "deployments": [{"provider": "openai", "upstream_model": "acceptance", "prices": [PRICE]}],
}  # fmt: skip
KEYS = """
from budgets.people.keys import create_key
from budgets.models import Account
account = Account.objects.create(slug="crowd-of-users", name="Crowd")
import json
print(json.dumps([[key.pk, text] for key, text in (create_key(account, f"k{at}") for at in range(300))]))
"""


@pytest.fixture
def restored(stack: Stack) -> Iterator[Stack]:
    """The product, pointed afterwards at the releases that were live before."""
    before = {line: live(stack, line) for line in ("catalogue", "router")}
    yield stack
    for line, pointer in before.items():
        assert pointer["candidate"] is None
        stack.manage("rollback", line, "--to", str(pointer["stable"]), "--reason", "after a test")
        eventually(lambda line=line, pointer=pointer: seen(stack, line) == {pointer["stable"]})


def live(stack: Stack, line: str) -> Any:
    status, body = stack.call(f"/api/rollouts/{line}")
    assert status == 200, body
    return body


def seen(stack: Stack, line: str, key: str | None = None) -> set[int]:
    """The releases that decide for a key in the gateway: each process is asked twice."""
    answers = [stack.chat(key=key, routerhub={"dry_run": True}) for _ in range(4)]
    assert {status for status, _ in answers} == {200}, answers
    return {answer["routerhub"]["releases"][line] for _, answer in answers}


def move(stack: Stack, line: str, **body: Any) -> Any:
    status, answer = stack.call(f"/api/rollouts/{line}", {"reason": "acceptance", **body})
    assert status == 200, answer
    return answer


def set_points(stack: Stack, points: int) -> int:
    body = {"stickiness_bonus": points, "reason": f"{points} points"}
    status, answer = stack.call("/api/router/configuration", body, method="PATCH")
    assert status == 200, answer
    return int(answer["release"])


# --- a model


def called(stack: Stack) -> bool:
    """Every one of several calls of the new model is answered by it."""
    answers = [stack.chat(model=MODEL) for _ in range(4)]
    return all(status == 200 and body["model"] == MODEL for status, body in answers)


def unknown(stack: Stack) -> bool:
    return all(stack.chat(model=MODEL, routerhub={"dry_run": True})[0] == 404 for _ in range(4))


def test_a_model_added_by_api_is_called_within_a_second_in_every_process(restored: Stack) -> None:
    assert unknown(restored)
    status, answer = restored.call("/api/models", NEW)
    assert status == 201, answer
    eventually(lambda: called(restored), within_s=1)
    status, answer = restored.chat(model=MODEL)
    assert answer["routerhub"]["releases"]["catalogue"] == live(restored, "catalogue")["stable"]
    move(restored, "catalogue", action="rollback")
    eventually(lambda: unknown(restored), within_s=1)


class Browser:
    """A person at the admin, with cookies and forms."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> str:
        with self._opener.open(self.url + path, timeout=30) as page:
            text: str = page.read().decode()
            return text

    def post(self, path: str, **fields: str) -> str:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(path))
        assert token is not None
        sent = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": token[1]}).encode()
        request = urllib.request.Request(self.url + path, sent, {"Referer": self.url + path})
        with self._opener.open(request, timeout=30) as page:
            text: str = page.read().decode()
            return text


@pytest.fixture
def browser(stack: Stack) -> Browser:
    opened = Browser(stack.url)
    opened.post("/accounts/login/?next=/admin/", login="admin", password=ADMIN_PASSWORD)
    return opened


def test_a_model_added_in_the_admin_is_called_within_a_second_and_gone_after_the_rollback(
    restored: Stack, browser: Browser
) -> None:
    assert unknown(restored)
    before = live(restored, "catalogue")["stable"]
    ((original,),) = restored.rows("SELECT id FROM models_registry_model WHERE identifier = 'openai:gpt-6.1-sol'")
    page = browser.post(f"/admin/models_registry/model/{original}/duplicate/", id=MODEL, reason="acceptance")
    assert f"Duplicated: {MODEL}." in page
    eventually(lambda: called(restored), within_s=1)
    page = browser.post(f"/admin/releases/catalogue/roll-back/?release={before}", release=str(before), reason="enough")
    assert f"catalogue {before} is live for all." in page
    eventually(lambda: unknown(restored), within_s=1)
    ((ip, reason),) = restored.rows(
        "SELECT host(ip), history_change_reason FROM models_registry_historicalmodel"
        " WHERE identifier = %s AND history_type = '+' ORDER BY history_id DESC LIMIT 1", MODEL,
    )  # fmt: skip
    assert (ip, reason) == ("127.0.0.1", "acceptance")


# --- a rollout


def test_a_release_for_a_tenth_decides_for_a_tenth_of_300_keys_and_always_for_the_same(restored: Stack) -> None:
    stable = live(restored, "router")["stable"]
    candidate = set_points(restored, 3)
    restored.manage("rollback", "router", "--to", str(stable))
    keys = json.loads(restored.manage("shell", "--no-imports", "-c", KEYS))
    eventually(lambda: restored.chat(key=keys[-1][1], routerhub={"dry_run": True})[0] == 200)
    move(restored, "router", action="roll_out", release=candidate, percent=10)
    pointer = Pointer(line="router", stable=stable, candidate=candidate, percent=10)
    expected = {pk for pk, _ in keys if rollout.pick(pointer, f"key {pk}") == candidate}
    assert 12 <= len(expected) <= 50, "30 of 300, with a standard deviation of 5"
    some = next(text for pk, text in keys if pk in expected)
    eventually(lambda: seen(restored, "router", some) == {candidate}, within_s=1)
    for _ in range(2):
        found = {pk for pk, text in keys if decides(restored, text) == candidate}
        assert found == expected
    move(restored, "router", action="promote")
    eventually(lambda: seen(restored, "router") == {candidate}, within_s=1)
    assert {decides(restored, text) for _, text in keys[:40]} == {candidate}


def decides(stack: Stack, key: str) -> int:
    """The router release that decides for a key."""
    return int(stack.chat(key=key, routerhub={"dry_run": True})[1]["routerhub"]["releases"]["router"])


# --- a rollback


def test_a_rollback_under_load_fails_no_request(restored: Stack) -> None:
    before = live(restored, "router")["stable"], live(restored, "catalogue")["stable"]
    set_points(restored, 4)
    status, answer = restored.call("/api/models", NEW)
    assert status == 201, answer
    stop, answers = threading.Event(), list[tuple[int, int]]()

    def ask(**options: Any) -> None:
        while not stop.is_set():
            status, body = restored.chat(**options)
            answers.append((status, body["routerhub"]["releases"]["router"] if status == 200 else -1))

    threads = [threading.Thread(target=ask, kwargs=kind) for kind in ({}, {"routerhub": {"dry_run": True}}) * 3]
    for thread in threads:
        thread.start()
    try:
        eventually(lambda: len(answers) > 30, within_s=20)
        for line, number in zip(("router", "catalogue"), before, strict=True):
            move(restored, line, action="rollback", release=number)
        eventually(lambda: seen(restored, "router") == {before[0]}, within_s=2)
        count = len(answers)
        eventually(lambda: len(answers) > count + 30, within_s=20)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert {status for status, _ in answers} == {200}
    assert {release for _, release in answers} >= {before[0]}
    assert answers[0][1] != answers[-1][1] == before[0]


def test_rolled_back_to_the_code_every_process_follows_within_a_second(restored: Stack) -> None:
    restored.manage("rollback", "all", "--to-static", "--reason", "acceptance")
    for line in ("catalogue", "router"):
        eventually(lambda line=line: seen(restored, line) == {0}, within_s=1)
    assert restored.chat()[0] == 200


# --- the switches: a product of its own, since their file is the host's


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    file: Path = tmp_path_factory.mktemp("switches") / "switches.json"
    with running_stack(processes=2, SWITCHES_FILE=str(file)) as running:
        yield running


@pytest.mark.parametrize(("switch", "line"), [("USE_DB_MODELS", "catalogue"), ("USE_DB_ROUTER_CONFIG", "router")])
def test_a_switch_reaches_every_process_within_a_second(own: Stack, switch: str, line: str) -> None:
    assert seen(own, line) == {1}
    assert f"{switch} off: release 0" in own.manage("switch", switch, "off")
    eventually(lambda: seen(own, line) == {0}, within_s=1)
    assert live(own, line)["switch"] is False
    assert own.chat()[0] == 200
    own.manage("switch", switch, "on")
    eventually(lambda: seen(own, line) == {1}, within_s=1)


def test_without_the_database_rolled_back_to_the_code_every_process_follows(own: Stack) -> None:
    """The command reaches no database; the processes, that still do, follow its switch."""
    told = own.manage("rollback", "all", "--to-static", DATABASE_URL="postgresql://nobody:x@127.0.0.1:1/nothing")
    assert told.count("was turned off") == 2
    eventually(lambda: seen(own, "catalogue") == seen(own, "router") == {0}, within_s=1)
    status, answer = own.call("/api/switches", {"catalogue": True, "router": True, "reason": "back"}, method="PATCH")
    assert (status, answer) == (200, {"catalogue": True, "router": True})
    eventually(lambda: seen(own, "catalogue") == seen(own, "router") == {1}, within_s=1)
