"""What Prometheus's own parser reads from a scrape is what was counted."""

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from routerhub.metrics.exposition import text
from routerhub.metrics.kinds import Family

FAMILIES = (
    Family(name="calls", help="Calls.", kind="counter", labels=("to",), samples={("acme",): 3, ('a"b\\c\n',): 1}),
    Family(name="open", help="Open.", kind="gauge", labels=(), samples={(): 2}),
    Family(name="seconds", help="Time.", kind="histogram", labels=(), samples={(): [2, 1, 1, 5.5]}, bounds=(0.5, 2)),
)


@pytest.mark.parametrize(
    ("accept", "read", "begins"),
    [
        ("", read_text, "text/plain; version=0.0.4"),
        (
            "application/openmetrics-text; version=1.0.0",
            read_openmetrics,
            "application/openmetrics-text; version=1.0.0",
        ),
    ],
)
def test_prometheus_reads_every_kind_in_either_format(accept: str, read: object, begins: str) -> None:
    body, content_type = text(FAMILIES, accept)
    assert callable(read)
    assert content_type.startswith(begins)
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in read(body.decode())
        for sample in family.samples
    }
    assert found == {
        ("calls_total", "acme"): 3, ("calls_total", 'a"b\\c\n'): 1, ("open",): 2,
        ("seconds_bucket", "0.5"): 2, ("seconds_bucket", "2.0"): 3, ("seconds_bucket", "+Inf"): 4,
        ("seconds_count",): 4, ("seconds_sum",): 5.5,
    }  # fmt: skip
