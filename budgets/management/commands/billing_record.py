"""Write a billing record as a file."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from budgets.books.exporting import as_csv, as_pdf
from budgets.models import BillingRecord


class Command(BaseCommand):
    help = "Write a billing record as CSV or PDF, by the ending of the file; without a file, as CSV to standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("record", help="e.g. acme-0001")
        parser.add_argument("file", nargs="?", help="ends with .csv or .pdf")

    def handle(self, *_: Any, record: str, file: str | None, **__: Any) -> None:
        slug, _dash, number = record.rpartition("-")
        found = BillingRecord.objects.filter(account=slug, number=int(number)).first() if number.isdecimal() else None
        if found is None:
            raise CommandError(f"There is no billing record {record!r}.")
        if file is None:
            sys.stdout.buffer.write(as_csv(found))
            return
        write = {".csv": as_csv, ".pdf": as_pdf}.get(Path(file).suffix)
        if write is None:
            raise CommandError(f"{file!r}: write a name that ends with .csv or .pdf.")
        Path(file).write_bytes(write(found))
