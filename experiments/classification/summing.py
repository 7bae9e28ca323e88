"""What requests show of how they were read. Pure."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from statistics import mean
from zoneinfo import ZoneInfo

from analytics.windows.steps import floor
from analytics.windows.types import Step
from autorouter.types import Reader
from experiments.classification.types import (
    ORIGINS,
    Agreement,
    Bin,
    Cause,
    Origin,
    Point,
    Seen,
    Share,
    Summary,
    Wait,
)

ASKED: tuple[Reader, ...] = ("encoder", "model")
"""Those who are not always asked."""
PAIRS: tuple[tuple[Reader, Reader], ...] = (("encoder", "table"), ("model", "table"), ("model", "encoder"))
BINS = 10
QUARTER_S = 900
"""Days begin at whole ones, in every zone."""
MAX_CAUSES = 10


def summed(requests: Sequence[Seen], step: Step, zone: str) -> Summary:
    read = [each for each in requests if each.by != "given"]
    others = [each for each in read if each.said]
    causes = list(_causes(read))
    return Summary(
        by=_by(requests),
        points=_points(requests, step, ZoneInfo(zone)),
        asked={reader: _asked(reader, read, causes) for reader in ASKED},
        agreement=tuple(_agreement(one, other, others) for one, other in PAIRS),
        other_category=Share(
            count=sum(each.category != _by_table_alone(each) for each in others),
            of=len(others),
        ),
        waits={reader: found for reader in ASKED if (found := _wait(reader, others))},
        causes=_counted(causes),
        bins=_bins(read),
        without_confidence=sum(each.confidence is None for each in requests),
    )


def causes_in(origin: str) -> Iterator[tuple[Reader, str]]:
    """Which readers' answers could not be used, and why: out of "local, since the encoder ...; openai:gpt failed: ..."."""
    _, _, why = origin.partition(", since ")
    if why.startswith("the encoder "):
        said, _, why = why.removeprefix("the encoder ").partition("; ")
        yield "encoder", said
    if why:
        yield "model", why.partition(" failed: ")[2]


def _by(requests: Sequence[Seen]) -> Mapping[Origin, int]:
    counts = Counter(each.by for each in requests)
    return {origin: counts[origin] for origin in ORIGINS}


def _points(requests: Sequence[Seen], step: Step, zone: ZoneInfo) -> tuple[Point, ...]:
    begin = cache(lambda quarter: floor(datetime.fromtimestamp(quarter * QUARTER_S, zone), step))
    found: dict[datetime, list[Seen]] = defaultdict(list)
    for each in requests:
        found[begin(each.at.timestamp() // QUARTER_S)].append(each)
    return tuple(Point(start=start, requests=_by(found[start])) for start in sorted(found))


def _causes(read: Sequence[Seen]) -> Iterator[tuple[Reader, str]]:
    for each in read:
        yield from causes_in(each.origin)


def _asked(reader: Reader, read: Sequence[Seen], causes: Sequence[tuple[Reader, str]]) -> Share:
    """With an answer or without one."""
    answered = sum(reader in each.said for each in read)
    return Share(count=answered + sum(who == reader for who, _ in causes), of=len(read))


def _agreement(one: Reader, other: Reader, others: Sequence[Seen]) -> Agreement:
    both = [(each.said[one], each.said[other]) for each in others if one in each.said and other in each.said]
    return Agreement(
        one=one, other=other,
        category=Share(count=sum(a.category == b.category for a, b in both), of=len(both)),
        complexity=Share(count=sum(a.complexity == b.complexity for a, b in both), of=len(both)),
    )  # fmt: skip


def _by_table_alone(each: Seen) -> str:
    """Attachments say more than words, whoever reads these."""
    return each.category if each.category == "multimodal" else each.said["table"].category


def _wait(reader: Reader, others: Sequence[Seen]) -> Wait | None:
    took = sorted(each.said[reader].took_ms for each in others if reader in each.said)
    if not took:
        return None
    return Wait(requests=len(took), mean_ms=mean(took), p95_ms=took[-(-95 * len(took) // 100) - 1])


def _counted(causes: Sequence[tuple[Reader, str]]) -> tuple[Cause, ...]:
    first: dict[tuple[Reader, str], str] = {}
    counts: Counter[tuple[Reader, str]] = Counter()
    for reader, why in causes:
        alike = reader, re.sub(r"\d+", "0", why)
        first.setdefault(alike, why)
        counts[alike] += 1
    common = counts.most_common(MAX_CAUSES)
    return tuple(Cause(reader=alike[0], why=first[alike], requests=count) for alike, count in common)


def _bins(read: Sequence[Seen]) -> tuple[Bin, ...]:
    found: dict[int, list[Seen]] = defaultdict(list)
    for each in read:
        if each.confidence is not None:
            # Confidences are whole hundredths, but the column holds them as binary fractions of four bytes.
            found[max(0, -(-round(100 * each.confidence) // BINS) - 1)].append(each)
    return tuple(_bin(place, found[place]) for place in range(BINS))


def _bin(place: int, requests: Sequence[Seen]) -> Bin:
    rated = [each.satisfaction for each in requests if each.satisfaction is not None]
    return Bin(
        low=place / BINS, high=(place + 1) / BINS, by=_by(requests), rated=len(rated),
        satisfaction=mean(rated) if rated else None,
    )  # fmt: skip
