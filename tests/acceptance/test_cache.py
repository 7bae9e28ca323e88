"""The cache across processes: real HTTP, real PostgreSQL, two gateways, the sandbox as provider."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.stack import Stack, eventually

pytestmark = pytest.mark.xdist_group("stack")
STAMPEDE = 100
ALLOW = (
    "from budgets.models import Account; row = Account.objects.get(slug={account!r}); row.may_cache = True; row.save()"
)


def allowed(stack: Stack, account: str) -> str:
    """A key of an account that may use the cache, once every process knows it."""
    key = stack.new_key(f"--account={account}")
    stack.manage("shell", "--verbosity=0", "-c", ALLOW.format(account=account))
    for url in stack.urls:
        eventually(lambda url=url: stack.call("/v1/models", key=key, url=url)[0] == 200)
        eventually(lambda url=url: ask(stack, key, url=url, words="warm-up")[0] == 200)
    return key


def ask(stack: Stack, key: str, url: str | None = None, words: str = "Hello", **script: Any) -> tuple[int, Any]:
    body = {
        "model": "auto", "messages": [{"role": "user", "content": words}], "temperature": 0, "sandbox": script,
        "routerhub": {"cache": True},
    }  # fmt: skip
    return stack.call("/v1/chat/completions", body, key, url=url)


def test_a_stampede_of_a_hundred_on_two_processes_is_one_call_and_the_rest_cost_nothing(stack: Stack) -> None:
    key = allowed(stack, "cached")
    with ThreadPoolExecutor(STAMPEDE) as pool:
        answers = list(pool.map(lambda _: ask(stack, key, latency_ms=500), range(STAMPEDE)))
    assert [status for status, _ in answers] == [200] * STAMPEDE
    told = [body["routerhub"] for _, body in answers]
    assert sorted(each["cache"]["status"] for each in told) == ["hit"] * (STAMPEDE - 1) + ["miss"]
    (miss,) = [each for each in told if each["cache"]["status"] == "miss"]
    assert {each["cache"]["saved_usd"] for each in told if each is not miss} == {miss["cost_usd"]}
    operations = [each["operation_id"] for each in told]
    query = "SELECT cost_nano, saved_nano FROM analytics_record WHERE operation_id = ANY (%s::uuid[])"
    rows = eventually(lambda: len(found := stack.rows(query, operations)) == STAMPEDE and found)
    cost = max(cost for cost, _ in rows)
    assert sorted(rows, key=str) == sorted([(cost, None), *[(0, cost)] * (STAMPEDE - 1)], key=str)
    entries = "SELECT count(*) FROM budgets_ledgerentry WHERE operation_id = ANY (%s::uuid[])"
    assert stack.rows(entries, operations) == [(1,)]


def test_another_account_never_gets_it(stack: Stack) -> None:
    one, two = allowed(stack, "cached-one"), allowed(stack, "cached-two")
    statuses = [ask(stack, key, words="Mine")[1]["routerhub"]["cache"]["status"] for key in (one, two, one, two)]
    assert statuses == ["miss", "miss", "hit", "hit"]


def test_a_request_of_an_account_that_may_not_is_refused(stack: Stack) -> None:
    status, body = ask(stack, stack.key)
    assert (status, body["error"]["param"], body["error"]["code"]) == (400, "routerhub.cache", "cache_not_allowed")
