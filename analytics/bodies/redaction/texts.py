"""One text without what was found in it. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

from analytics.bodies.redaction import addresses, numbers, secrets
from analytics.bodies.redaction.types import KINDS, Find, Kind, Span, by_pattern

BEYOND = 4_096
"""So many characters behind a cut are read too, so that nothing is cut in two and missed."""
RANK = {kind: place for place, kind in enumerate(KINDS)}
MEDIA = (
    by_pattern("media", r"data:[\w/+.;=-]{0,100};base64,[A-Za-z0-9+/=_-]{16,}", only_with=(";base64,",)),
    by_pattern("media", r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{512,}={0,2}"),
)
"""Pictures, sound and other bytes in the midst of a text."""


@lru_cache(32)
def finders(regions: Sequence[str]) -> tuple[Find, ...]:
    """All of them, with telephone numbers of these regions."""
    return (*MEDIA, secrets.find, numbers.find, *addresses.finders(regions))


def spans(text: str, regions: tuple[str, ...]) -> list[Span]:
    """What is to be taken out, in order and apart from one another: two that overlap are one, of the kind that goes first."""
    found = sorted(_found(text, regions), key=lambda each: each.start)
    apart: list[Span] = []
    for each in found:
        if apart and each.start < apart[-1].end:
            last = apart.pop()
            kind = min(last.kind, each.kind, key=RANK.__getitem__)
            each = Span(kind=kind, start=last.start, end=max(last.end, each.end))  # noqa: PLW2901
        apart.append(each)
    return apart


def _found(text: str, regions: tuple[str, ...]) -> Iterator[Span]:
    for find in finders(regions):
        yield from find(text)


def redacted(text: str, regions: tuple[str, ...], counts: Counter[Kind], most: int) -> str:
    """The first `most` characters of a text, each thing in it that is taken out replaced by its kind, and counted."""
    pieces: list[str] = []
    at = 0
    for span in spans(text[: most + BEYOND], regions):
        if span.start >= most:
            break
        counts[span.kind] += 1
        size = f", {span.end - span.start:,} characters" if span.kind == "media" else ""
        pieces += text[at : span.start], f"[{span.kind}{size}]"
        at = span.end
    return "".join([*pieces, text[at:most]])
