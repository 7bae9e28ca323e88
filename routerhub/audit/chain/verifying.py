"""Walking the chain: whether every link is as it was sealed, and every row as its link says."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby, islice
from typing import Any

from django.utils import timezone

from routerhub.audit.chain import digests, sealing
from routerhub.audit.chain.digests import Block
from routerhub.audit.chain.tables import SealedTable, sealed_tables
from routerhub.audit.change import Change
from routerhub.audit.models import Link, LinkKind, Sealed, Verification

logger = logging.getLogger(__name__)
TOLD: list[Callable[[Verification], object]] = []
"""Who is told of a walk that found something wrong. Who sends alerts adds itself."""
MAX_PROBLEMS = 100
BATCH_LINKS = 200
"""Links whose rows are read in one query, about BLOCK_ROWS each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Something that is not as it was sealed. `link` is where it shows; None where no link has it."""

    kind: str
    """removed link, altered link, removed row, altered row, added row or unreadable row"""
    table: str
    link: int | None
    day: str
    arrived_from: int
    arrived_below: int
    detail: str

    def __str__(self) -> str:
        where = f"link {self.link}" if self.link is not None else "no link"
        day = f" of {self.day}" if self.day else ""
        of = f", {self.table}{day}, transactions {self.arrived_from} to {self.arrived_below - 1}" if self.table else ""
        return f"{self.kind} ({where}{of}): {self.detail}"


def verify(change: Change, first: int = 1, known: str = "") -> Verification:
    """Walk the chain from a link on, keep what was found, and tell of it where something is wrong. `known` is the seal of an
    earlier head that was kept elsewhere, which the chain must have."""
    began_at, began = timezone.now(), time.monotonic()
    before, head = last(), sealing.head()
    seals = {known, before.seal if before else ""} - {"", sealing.START}
    problems = [each for each in islice(_problems(first, seals), MAX_PROBLEMS) if not _is_closed(each)]
    problems.sort(key=lambda each: each.link or 0)
    found = Verification.objects.create(
        began_at=began_at, took_ms=round(1_000 * (time.monotonic() - began)), first=first, head=head.number if head else 0,
        seal=head.seal if head else sealing.START, problems=[{**asdict(each), "text": str(each)} for each in problems],
        rows=sum(each.rows for each in sealing.open_links(first)),
        author=change.author.get_username() if change.author else "", reason=change.reason,
    )  # fmt: skip
    if problems:
        logger.error("action=verify_chain problems=%d first=%s", len(problems), problems[0])
        for tell in TOLD:
            tell(found)
    return found


def verify_newest(change: Change) -> Verification:
    """What was sealed since the last walk that found nothing wrong."""
    last = next((each for each in Verification.objects.all()[:50] if not each.problems), None)
    return verify(change, first=last.head + 1 if last else 1)


def last() -> Verification | None:
    return Verification.objects.first()


def _problems(first: int, seals: Iterable[str]) -> Iterator[Problem]:
    yield from _of_links(first, seals)
    positions = dict(Sealed.objects.values_list("table", "below"))
    for of in sealed_tables():
        if of.table in positions:
            yield from _of_rows(of, first, positions[of.table])


def _of_links(first: int, seals: Iterable[str]) -> Iterator[Problem]:
    """Whether they follow one another, each as it was sealed, and whether those that are known are among them."""
    before = Link.objects.filter(number=first - 1).first()
    if first > 1 and before is None:
        yield _of_link("removed link", first - 1, "It is not there.")
    number, seal = first, before.seal if before else sealing.START if first == 1 else ""
    for link in sealing.links(first):
        if link.number != number:
            yield _of_link("removed link", number, f"Links {number} to {link.number - 1} are not there.")
        elif seal and link.previous != seal:
            yield _of_link("altered link", link.number, "It does not follow from the link before.")
        if sealing.sealed_by(link) != link.seal:
            yield _of_link("altered link", link.number, "Its seal is not that of what it says.")
        number, seal = link.number + 1, link.seal
    for each in seals:
        if not Link.objects.filter(seal=each).exists():
            yield _of_link("removed link", None, f"None has the seal {each}, which the chain had.")


def _of_rows(of: SealedTable, first: int, below: int) -> Iterator[Problem]:
    """Whether the rows that are there are those that the links of their table say."""
    here = set(digests.columns_of(of.table))
    begins = _begins(first)
    for columns, links in _batches(of, first):
        if missing := sorted(set(columns) - here):
            detail = f"The table has no {', '.join(missing)} any more; see `audit restart`."
            yield _of_table(of, links[0], "unreadable row", detail)
        else:
            bounds = {*(each.arrived_from for each in links), *(each.arrived_below for each in links)}
            yield from _compared(of, columns, links, sorted({min(begins, *bounds), *bounds}))
        begins = links[-1].arrived_below
    if begins < below:
        yield from _compared(of, sorted(here), [], [begins, below])


def _begins(first: int) -> int:
    """Before which transaction all rows are in links before the first one."""
    if first == 1:
        return 0
    earlier = Link.objects.filter(number__lt=first).exclude(kind=LinkKind.DROPPED).order_by("-number").first()
    return earlier.arrived_below if earlier else 0


def _batches(of: SealedTable, first: int) -> Iterator[tuple[list[str], list[Link]]]:
    """Links of a table that can be looked at together: all of the same bounds, since the rows of a link are those of its day."""
    for columns, alike in groupby(sealing.open_links(first, table=of.table), key=lambda each: list(each.columns)):
        batch: list[Link] = []
        for link in alike:
            if len(batch) >= BATCH_LINKS and link.arrived_from != batch[-1].arrived_from:
                yield columns, batch
                batch = []
            batch.append(link)
        yield columns, batch


def _compared(of: SealedTable, columns: list[str], links: Sequence[Link], bounds: Sequence[int]) -> Iterator[Problem]:
    if len(bounds) < 2:
        return
    found = digests.blocks(of, columns, bounds[:-1], bounds[-1])
    by_place: dict[Any, Block] = {(bounds[each.bucket - 1], each.part): each for each in found}
    for link in links:
        yield from _of_block(of, link, by_place.pop((link.arrived_from, link.part), None))
    for (arrived, part), block in by_place.items():
        yield Problem(
            kind="added row", table=of.table, link=None, day=part.isoformat() if part else "", arrived_from=arrived,
            arrived_below=bounds[block.bucket], detail=f"{block.rows:,} rows are there that were never sealed.",
        )  # fmt: skip


def _of_block(of: SealedTable, link: Link, block: Block | None) -> Iterator[Problem]:
    rows = block.rows if block else 0
    if rows != link.rows:
        kind = "removed row" if rows < link.rows else "added row"
        yield _of_table(of, link, kind, f"{link.rows:,} rows were sealed, {rows:,} are there.")
    elif block and block.digest != link.digest:
        yield _of_table(of, link, "altered row", f"Its {rows:,} rows do not come to its digest.")
    elif block and block.wrongly_amended:
        yield _of_table(
            of, link, "altered row", f"{block.wrongly_amended:,} of its rows were amended when they were closed."
        )


def _is_closed(problem: Problem) -> bool:
    """Whether the rows are those of a dropped partition: they go, or went while they were looked at."""
    return bool(problem.day) and any(
        each.kind == LinkKind.DROPPED and each.table == problem.table and str(each.part) <= problem.day < str(each.part_end)
        and (problem.link is None or problem.link < each.number)
        for each in sealing.ends()
    )  # fmt: skip


def _of_table(of: SealedTable, link: Link, kind: str, detail: str) -> Problem:
    return Problem(
        kind=kind, table=of.table, link=link.number, day=link.part.isoformat() if link.part else "",
        arrived_from=link.arrived_from, arrived_below=link.arrived_below, detail=detail,
    )  # fmt: skip


def _of_link(kind: str, number: int | None, detail: str) -> Problem:
    return Problem(kind=kind, table="", link=number, day="", arrived_from=0, arrived_below=0, detail=detail)
