"""Let go of what is older than it is kept for."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import filesizeformat
from django.utils.timezone import now

from analytics.records import pruning


class Command(BaseCommand):
    help = "Drop records, and what else has an age, that are older than they are kept for; roll-ups and books stay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would go, and change nothing")
        parser.add_argument("--reason", default="by command", help="kept with what went")

    def handle(self, *_: Any, dry_run: bool, reason: str, **__: Any) -> None:
        parts = list(pruning.due(now())) if dry_run else pruning.prune(now(), reason)
        verb = "would go" if dry_run else "gone"
        for part in parts:
            what = f"stays: {part.problem}" if part.problem else f"{part.rows:,} rows {verb}"
            kept = f", {part.kept:,} stay under legal hold" if part.kept else ""
            size = f", {filesizeformat(part.bytes)}" if part.bytes else ""
            self.stdout.write(f"{part.kind}: {part.name} until {part.until:%Y-%m-%d %H:%M} UTC: {what}{kept}{size}")
        if not parts:
            self.stdout.write("Nothing is older than it is kept for.")
        if stuck := [part.name for part in parts if part.problem]:
            raise CommandError(f"These stay until the next run: {', '.join(stuck)}.")
