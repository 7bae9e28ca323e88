from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from models_registry.catalogue import tables
from models_registry.catalogue.compiler import LINE
from models_registry.errors import UnreadableFile
from models_registry.transfer import importing
from models_registry.transfer.resources import FORMATS, TABLES
from routerhub.audit.change import Change
from routerhub.releases import store
from routerhub.releases.errors import InvalidRelease


class Command(BaseCommand):
    help = "Shows what a file of models or providers would change, and applies it with --apply. All rows or none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--table", choices=TABLES, default="models")
        parser.add_argument("--format", choices=FORMATS, help="default: the file's ending")
        parser.add_argument("--apply", action="store_true")
        parser.add_argument("--reason", default="", help="kept in the history; needed with --apply")

    def handle(self, *_: Any, **options: Any) -> None:
        path: Path = options["file"]
        format_name = options["format"] or path.suffix.lstrip(".").lower()
        if format_name not in FORMATS:
            raise CommandError(f"--format: {format_name!r} is not one of {', '.join(FORMATS)}.")
        if options["apply"] and not options["reason"].strip():
            raise CommandError("Give a --reason: it is kept in the history.")
        try:
            found = importing.plan(TABLES[options["table"]], path.read_bytes(), format_name, self._progress)
        except (OSError, UnreadableFile) as problem:
            raise CommandError(str(problem)) from problem
        self._show(found)
        if found.errors:
            raise CommandError(f"{len(found.errors)} errors: nothing was written.")
        if options["apply"]:
            self._apply(found, options["reason"])

    def _apply(self, found: importing.Plan, reason: str) -> None:
        try:
            with transaction.atomic():
                waiting = tables.write(found.target, Change(reason=reason))
                release = store.publish(LINE, Change(reason=reason))
        except InvalidRelease as invalid:
            raise CommandError(f"Nothing was written. {invalid}") from invalid
        self.stdout.write(
            self.style.SUCCESS(f"applied, {waiting} prices wait for approval; catalogue release {release} is live")
        )

    def _progress(self, done: int, total: int) -> None:
        self.stderr.write(f"checked {done:,} of {total:,} steps")

    def _show(self, found: importing.Plan) -> None:
        for error in found.errors:
            where = filter(None, [f"line {error['line']}", error["key"], error["field"]])
            self.stderr.write(f"{', '.join(where)}: {error['message']}")
        for change in found.changes[: importing.MAX_SHOWN]:
            self.stdout.write(f"{change['kind']} {change['key']}")
            if change["kind"] == "changed":
                for field in change["fields"]:
                    self.stdout.write(f"    {field['field']}: {field['before']!r} -> {field['after']!r}")
        outcome = found.outcome()
        self.stdout.write(f"{outcome['new']} new, {outcome['changed']} changed, {outcome['unchanged']} unchanged")
