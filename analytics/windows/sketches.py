"""How values are distributed, in logarithmic buckets that can be added up. Pure.

Bucket i holds the values above GAMMA^(i-1) until GAMMA^i, and is read as the one that is as far from both: so a quantile is off
by at most ERROR of itself, whatever the values are and however often sketches were added up. After C. Masson, J. E. Rim and
H. K. Lee, "DDSketch" (VLDB 2019), without its bound on the number of buckets: from a millisecond to a day there are 914.
"""

from collections import Counter
from collections.abc import Iterable
from math import ceil, log

from analytics.windows.types import Sketch

ERROR = 0.01
GAMMA = (1 + ERROR) / (1 - ERROR)
LOG_GAMMA = log(GAMMA)
ZERO = -1
"""Where values of 0 are counted, as packed."""


def of(values: Iterable[float]) -> Sketch:
    """Of values from 0 on."""
    counts = Counter(ceil(log(value) / LOG_GAMMA) if value > 0 else None for value in values)
    zeros = counts.pop(None, 0)
    return Sketch(counts={bucket: number for bucket, number in counts.items() if bucket is not None}, zeros=zeros)


def merged(sketches: Iterable[Sketch]) -> Sketch:
    """All of them together."""
    counts: Counter[int] = Counter()
    zeros = 0
    for sketch in sketches:
        counts.update(sketch.counts)
        zeros += sketch.zeros
    return Sketch(counts=counts, zeros=zeros)


def size(sketch: Sketch) -> int:
    """How many values it holds."""
    return sketch.zeros + sum(sketch.counts.values())


def quantile(sketch: Sketch, q: float) -> float | None:
    """The value that a share q of all, from 0 to 1, does not pass; None of an empty sketch."""
    number = size(sketch)
    if not number:
        return None
    rank = q * (number - 1)
    seen = sketch.zeros
    if rank < seen:
        return 0.0
    for bucket in sorted(sketch.counts):
        seen += sketch.counts[bucket]
        if rank < seen:
            break
    return float(2 * GAMMA**bucket / (1 + GAMMA))


def unpacked(packed: Iterable[int]) -> Sketch:
    """As PostgreSQL keeps it: each entry is a bucket times 2^32 and how many values are in it."""
    counts: Counter[int] = Counter()
    for entry in packed:
        counts[entry >> 32] += entry & 0xFFFFFFFF
    zeros = counts.pop(ZERO, 0)
    return Sketch(counts=counts, zeros=zeros)
