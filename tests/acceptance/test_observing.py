"""What the running product tells of itself, to Prometheus and in its logs."""

import contextlib
import itertools
import json
import urllib.error
import urllib.request
from functools import partial
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.stack import Stack, eventually

pytestmark = pytest.mark.xdist_group("stack")
PROMPT = "a canary that sings of 8271 things"


def scraped(url: str) -> dict[tuple[str, ...], float]:
    with urllib.request.urlopen(f"{url}/metrics", timeout=20) as answer:
        text = answer.read().decode()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_scrape_of_any_process_tells_of_all(stack: Stack) -> None:
    def answered(url: str) -> float:
        """It writes what it counted when it is asked, and every second."""
        return scraped(url).get(("routerhub_http_response_seconds_count", "/v1/chat/completions", "200"), 0)

    def told_four(url: str) -> bool:
        return answered(url) == before + 4

    before = max([answered(url) for url in (*stack.urls, *stack.urls)])
    for _ in range(4):
        assert stack.chat()[0] == 200
    for url in stack.urls:
        eventually(partial(told_four, url))
    now = scraped(stack.url)
    assert now["routerhub_processes",] == len(stack.gateways)
    names = {name for name, *_ in now}
    assert {
        "routerhub_ledger_batch_items_count",
        "routerhub_snapshot_loaded_timestamp_seconds",
        "routerhub_release",
    } <= names


def test_what_people_said_and_the_keys_they_said_it_with_stand_in_no_log_no_table_and_no_metric(stack: Stack) -> None:
    key = stack.new_key("--account=canary")
    body = {"messages": [{"role": "user", "content": PROMPT}]}
    fails = (None, {"status": 500}, {"status": 400}, {"break": "disconnect"}, {"break": "malformed"})
    for fail, streams in itertools.product(fails, (False, True)):
        script = {"reply": PROMPT, "fail": fail}
        request = urllib.request.Request(
            stack.url + "/v1/chat/completions",
            json.dumps({**body, "stream": streams, "sandbox": script}).encode(),
            {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        )
        with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()
    assert stack.chat(key + "x", messages=body["messages"])[0] == 401
    wrong: list[dict[str, Any]] = [{"messages": PROMPT}, {"temperature": PROMPT}, {"routerhub": PROMPT}]
    for each in wrong:
        assert stack.chat(key, **each)[0] == 400
    account = "SELECT account_id FROM analytics_record WHERE key_id = (SELECT max(id) FROM budgets_apikey)"
    eventually(lambda: len(stack.rows(account)) == 2 * len(fails) + len(wrong))
    written = [each.log.read_text(errors="replace") for each in stack.children]
    assert sum(text.count("action=settle") for text in written) >= 2 * len(fails)
    tables = stack.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
    kept = [str(stack.rows(f'SELECT "{name}"::text FROM "{name}"')) for (name,) in tables]  # noqa: S608 - our own names
    for text in [*written, *kept, str(scraped(stack.url))]:
        assert PROMPT not in text
        assert key not in text
