"""A million requests as a file, in each format: how fast, and how much memory the process has at most beyond what it had."""

import gc
import resource
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from django.core.management import call_command
from django.db import connection

from analytics.exports.types import FORMATS, About
from analytics.exports.writing import written
from analytics.models import Record
from analytics.requests.columns import COLUMNS, rows
from tests import volume
from tests.bench.tables import table

REQUESTS = 1_000_000


def main() -> None:
    _fill()
    found = [_measured(each) for each in FORMATS]
    print(f"{REQUESTS:,} requests as a file, each in a process of its own")
    print(table(["", "s", "MB of file", "MB more at 50,000 rows", "MB more at the end"], found), flush=True)


def _fill() -> None:
    """Of the records alone: other tables have nothing to do with it. One in a month each, so that it is quick to make."""
    call_command("migrate", verbosity=0)
    missing = REQUESTS - Record.objects.count()
    if missing > 0:
        volume.fill_records(missing)


def _measured(format_name: str) -> list[str]:
    """In a process of its own, since memory is not given back."""
    connection.close()
    with ProcessPoolExecutor(1, get_context("fork")) as process:
        return [format_name, *process.submit(write, format_name).result()]


def write(format_name: str) -> list[str]:
    """Seconds, and megabytes: of the file, more in memory after 50,000 rows, more at the end."""
    for _ in written([], COLUMNS, format_name, About()):  # what is loaded for it is no memory of the rows
        pass
    gc.collect()
    began, size, before, early = time.perf_counter(), 0, _peak(), [0]

    def counted() -> Iterator[dict[str, object]]:
        for number, row in enumerate(rows(Record.objects.all())):
            if number == 50_000:
                early[0] = _peak()
            yield dict(row)

    for piece in written(counted(), COLUMNS, format_name, About()):
        size += len(piece)
    took = time.perf_counter() - began
    megabytes = (size / 1e6, (early[0] - before) / 1e3, (_peak() - before) / 1e3)
    return [f"{took:.0f}", *(f"{each:.0f}" for each in megabytes)]


def _peak() -> int:
    """Kilobytes that the process had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
