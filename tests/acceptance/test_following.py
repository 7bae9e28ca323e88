"""Every gateway process follows what was changed within a second of its commit, also while it is busy."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from budgets.people.keys import MARK
from tests.stack import Stack, eventually

pytestmark = pytest.mark.xdist_group("stack")
CLIENTS = 12
MODEL = "openai:to-be-followed"
NEW = MARK + "a-key-whose-text-is-known-before-it-is-made"
CHANGES = """
import json, time
from budgets.people.keys import digest, revoke
from budgets.models import Account, ApiKey
from models_registry.catalogue import editing
from routerhub.audit.change import Change
commits = []
def committed():
    commits.append(time.time())
    time.sleep(0.3)
ApiKey.objects.create(account=Account.objects.get(slug="default"), name="new", prefix="rh_a", digest=digest({new!r}))
committed()
revoke(ApiKey.objects.get(digest=digest({revoked!r})), Change(reason="lost"))
committed()
account = ApiKey.objects.get(digest=digest({closed!r})).account
account.is_active = False
account.save()
committed()
editing.duplicate("openai:gpt-5", {model!r}, Change(reason="to follow"))
committed()
print(json.dumps(commits))
"""
REMOVAL = """
from models_registry.catalogue import editing
from routerhub.audit.change import Change
editing.remove({model!r}, Change(reason="followed"))
"""


@dataclass
class Watch:
    """Asks one process the same again and again."""

    stack: Stack
    url: str
    key: str
    ended: threading.Event
    path: str = "/v1/models"
    body: Any = None
    statuses: frozenset[int] = frozenset({200, 401})
    """Before and after the change, in either order."""
    seen: list[tuple[float, int]] = field(default_factory=list)
    """When it was asked, in seconds since 1970, and the status of the answer."""

    def run(self) -> None:
        while not self.ended.wait(0.02):
            asked_at = time.time()
            self.seen.append((asked_at, self.stack.call(self.path, self.body, self.key, url=self.url)[0]))

    def followed_after_s(self, committed_at: float) -> float:
        """From the commit to the first question that was answered by it."""
        first, last = self.seen[0][1], self.seen[-1][1]
        assert {first, last} == self.statuses, "both were seen"
        changed_at = max(at for at, status in self.seen if status == first)
        return changed_at - committed_at


@pytest.fixture
def ended() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_a_new_key_a_revoked_one_a_closed_account_and_a_new_model_count_within_a_second_of_their_commit_under_load(
    stack: Stack, ended: threading.Event
) -> None:
    busy, revoked = stack.new_key("--account=busy"), stack.new_key("--account=default")
    closed = stack.new_key("--account=closing")
    answered: list[int] = []

    def load() -> None:
        while not ended.is_set():
            answered.append(stack.chat(key=busy)[0])

    watches = [
        Watch(stack=stack, url=url, key=key, ended=ended) for key in (NEW, revoked, closed) for url in stack.urls
    ]
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "routerhub": {"dry_run": True}}
    watches += [
        Watch(stack=stack, url=url, key=stack.key, ended=ended, path="/v1/chat/completions", body=body,
              statuses=frozenset({200, 404}))
        for url in stack.urls
    ]  # fmt: skip
    threads = [threading.Thread(target=each) for each in (*[load] * CLIENTS, *(watch.run for watch in watches))]
    for thread in threads:
        thread.start()
    eventually(lambda: all(watch.seen for watch in watches), within_s=20)
    script = CHANGES.format(new=NEW, revoked=revoked, closed=closed, model=MODEL)
    commits = json.loads(stack.manage("shell", "--no-imports", "-c", script))
    eventually(lambda: all(len({status for _, status in watch.seen}) == 2 for watch in watches), within_s=20)
    ended.set()
    for thread in threads:
        thread.join()
    stack.manage("shell", "--no-imports", "-c", REMOVAL.format(model=MODEL))
    lags = [watch.followed_after_s(commits[at // len(stack.urls)]) for at, watch in enumerate(watches)]
    assert set(answered) == {200}
    assert len(answered) > 50, "it was busy"
    assert max(lags) < 1, lags
