from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from experiments.learning.success import importing
from experiments.learning.success.reading import FORMATS
from routerhub.audit.change import Change


class Command(BaseCommand):
    help = (
        "Takes in outcomes measured elsewhere: JSONL or CSV with prompt (or terms), model, score from 0 to 1, and where "
        "it likes category, complexity, at and source. The prompt is read and forgotten. One wrong line keeps the whole file out."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path)
        parser.add_argument("--format", choices=FORMATS, help="default: what the file's name ends with")
        parser.add_argument("--source", default="", help="of lines that name none; default: the file's name")
        parser.add_argument("--dry-run", action="store_true", help="only check it, and tell what it would do")
        parser.add_argument("--delete", metavar="SOURCE", help="forget all outcomes of a source instead")
        parser.add_argument("--reason", default="imported by command", help="kept in the audit log")

    def handle(self, *_: Any, **options: Any) -> None:
        change = Change(reason=options["reason"])
        try:
            if options["delete"]:
                self.stdout.write(f"{importing.delete_source(options['delete'], change):,} outcomes deleted")
            elif options["file"]:
                self._import(options["file"], change, options)
            else:
                raise CommandError("Name a FILE, or --delete SOURCE.")
        except (OSError, ValidationError) as problem:
            raise CommandError(str(problem)) from problem

    def _import(self, file: Path, change: Change, options: dict[str, Any]) -> None:
        done = importing.import_file(
            file.read_bytes(), options["format"] or importing.format_of(file.name), options["source"] or file.name, change,
            options["dry_run"],
        )  # fmt: skip
        for each in done.problems[: importing.MAX_SHOWN]:
            self.stderr.write(f"line {each.line}: {each.field or 'line'}: {each.message}")
        if done.problems:
            raise CommandError(f"{len(done.problems):,} errors: nothing was written.")
        verb = "written" if done.written else "dry run"
        self.stdout.write(f"{done.new:,} new, {done.changed:,} changed, {done.unchanged:,} unchanged: {verb}")
