"""A scrape in the text that Prometheus reads."""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from routerhub.metrics.kinds import Family


def text(families: Iterable[Family], accept: str) -> tuple[bytes, str]:
    """The body and its content type, in the format that the scraper asks for in its Accept header."""
    registry = CollectorRegistry()
    registry.register(_Given([_metric(family) for family in families]))
    write, content_type = choose_encoder(accept)
    return write(registry), content_type


class _Given(Collector):
    """What is there already, as prometheus_client asks for it."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics


def _metric(family: Family) -> Metric:
    if family.kind == "histogram":
        return _histogram(family)
    kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    made: CounterMetricFamily | GaugeMetricFamily = kind(family.name, family.help, labels=family.labels)
    for labels, value in family.samples.items():
        made.add_metric(labels, value)  # type: ignore[arg-type]
    return made


def _histogram(family: Family) -> HistogramMetricFamily:
    made = HistogramMetricFamily(family.name, family.help, labels=family.labels)
    for labels, sample in family.samples.items():
        *counts, observed_sum = sample  # type: ignore[misc]
        buckets, so_far = [], 0.0
        for bound, count in zip([*map(str, map(float, family.bounds)), "+Inf"], counts, strict=True):
            so_far += count
            buckets.append((bound, so_far))
        made.add_metric(labels, buckets, observed_sum)
    return made
