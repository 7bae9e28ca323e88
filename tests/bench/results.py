"""What a run measured, and what is worked out from it. Pure."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.bench.load import Outcome

PASS_THROUGH, ROUTERHUB, LITELLM, PORTKEY = "pass-through", "RouterHub", "LiteLLM", "Portkey"


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line of the tables: a product with so many processes."""

    product: str
    processes: int

    def __str__(self) -> str:
        return f"{self.product}, {self.processes} process{'es' if self.processes > 1 else ''}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One kind of load."""

    mode: str
    clients: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One line under one load in one round."""

    outcome: Outcome
    cpu_s: float
    database_cpu_s: float | None
    """None: it has no database, or none that can be watched."""
    upstream_cpu_s: float
    rss_mb: float
    peak_mb: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """All rounds of a line under one load. Rate, ratio and percentiles are the rounds' medians."""

    rate: float
    """Right answers a second."""
    ratio: float | None
    """To the pass-through in the same round; None where it was not measured."""
    p50_ms: float | None
    """Over the rounds that had an answer; None when none had."""
    p99_ms: float | None
    errors: int
    cpu_us: float
    """A request."""
    database_cpu_us: float | None
    beside_us: float
    """Of the load generator and the upstream, a request."""


@dataclass(kw_only=True)
class Results:
    """The samples of a run, round by round."""

    lines: Sequence[Line]
    cells: Sequence[Cell]
    samples: dict[tuple[Line, Cell], list[Sample]] = field(default_factory=dict)

    def add(self, line: Line, cell: Cell, sample: Sample) -> None:
        self.samples.setdefault((line, cell), []).append(sample)

    def reference(self, line: Line) -> Line | None:
        """The pass-through with as many processes; for a peer with more than any, that with the most."""
        references = sorted(
            (each for each in self.lines if each.product == PASS_THROUGH), key=lambda each: each.processes
        )
        same = next((each for each in references if each.processes == line.processes), None)
        return same or (references[-1] if references else None)

    def summaries(self) -> Iterator[tuple[Cell, Line, Summary]]:
        """Of all that was measured, load by load."""
        for cell in self.cells:
            for line in self.lines:
                if (line, cell) in self.samples:
                    yield cell, line, self.summary(line, cell)

    def summary(self, line: Line, cell: Cell) -> Summary:
        samples = self.samples[line, cell]
        reference = self.reference(line)
        requests = sum(each.outcome.answers + sum(each.outcome.errors.values()) for each in samples) or 1
        answered = [each for each in samples if each.outcome.answers]
        database = [each.database_cpu_s for each in samples if each.database_cpu_s is not None]
        return Summary(
            rate=statistics.median(each.outcome.rate for each in samples),
            ratio=self.ratio(line, reference, cell) if reference else None,
            p50_ms=statistics.median(each.outcome.p50_ms for each in answered) if answered else None,
            p99_ms=statistics.median(each.outcome.p99_ms for each in answered) if answered else None,
            errors=sum(sum(each.outcome.errors.values()) for each in samples),
            cpu_us=sum(each.cpu_s for each in samples) / requests * 1e6,
            database_cpu_us=sum(database) / requests * 1e6 if database else None,
            beside_us=sum(each.outcome.cpu_s + each.upstream_cpu_s for each in samples) / requests * 1e6,
        )

    def ratio(self, line: Line, other: Line, cell: Cell) -> float | None:
        """The median over the rounds of one rate to the other's in the same round; None where either is missing."""
        pairs = zip(self.samples.get((line, cell), []), self.samples.get((other, cell), []), strict=False)
        ratios = [one.outcome.rate / two.outcome.rate for one, two in pairs if two.outcome.rate]
        return statistics.median(ratios) if ratios else None

    def memory_mb(self, line: Line) -> tuple[float, float]:
        """RSS after each load (the median), and the highest."""
        samples = [each for (of, _), found in self.samples.items() if of == line for each in found]
        return statistics.median(each.rss_mb for each in samples), max(each.peak_mb for each in samples)
