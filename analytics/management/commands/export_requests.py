"""Write requests to a file, or the exports that wait."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from analytics.exports import jobs
from analytics.exports.writing import check_format, written
from analytics.models import Record
from analytics.requests import exporting
from analytics.requests.columns import COLUMNS, rows
from analytics.requests.filters import RecordFilter


class Command(BaseCommand):
    help = "Write requests to a file, as the ending of its name says: .csv, .json, .xlsx or .parquet; without one, CSV to stdout."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?")
        parser.add_argument(
            "--filter", action="append", default=[], metavar="NAME=VALUE",
            help="as in /api/requests, may be repeated: range=30d, zone=Europe/Berlin, outcome=failure",
        )  # fmt: skip
        parser.add_argument("--wait", action="store_true", help="write the exports that people asked for and that wait")

    def handle(self, *_: Any, file: str | None, wait: bool, **options: Any) -> None:
        if wait:
            self.stdout.write(f"{jobs.work_all()} exports written.")
            return
        chosen = _chosen(options["filter"])
        format_name = Path(file).suffix[1:] if file else "csv"
        try:
            check_format(format_name)
        except ValidationError as refused:
            raise CommandError(" ".join(refused.messages)) from refused
        pieces = written(rows(chosen.qs), COLUMNS, format_name, exporting.about(chosen))
        if file is None:
            sys.stdout.buffer.writelines(pieces)
            return
        with Path(file).open("wb") as target:
            target.writelines(pieces)
        self.stdout.write(f"{file}: {Path(file).stat().st_size:,} bytes.")


def _chosen(given: list[str]) -> RecordFilter:
    asked = {name: value for name, _, value in (each.partition("=") for each in given)}
    if unknown := sorted(asked.keys() - RecordFilter.base_filters.keys()):
        raise CommandError(f"{unknown[0]!r} is no filter: there are {', '.join(sorted(RecordFilter.base_filters))}.")
    chosen = RecordFilter(asked, Record.objects.all())
    if not chosen.is_valid():
        raise CommandError(" ".join(f"{name}: {text}" for name, texts in chosen.errors.items() for text in texts))
    return chosen
