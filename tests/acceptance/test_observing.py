"""What the running product tells of itself, to Prometheus and in its logs."""

import urllib.request
from functools import partial

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.stack import Stack, eventually

pytestmark = pytest.mark.xdist_group("stack")


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
        return scraped(url).get(("routerhub_http_response_seconds_count", "/v1/chat/completions", "200"), 0)

    def told_four(url: str) -> bool:
        """Each process writes what it counted every second."""
        return answered(url) == before + 4

    before = answered(stack.url)
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
