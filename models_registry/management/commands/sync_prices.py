from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import now

from models_registry.errors import UnreadableSource
from models_registry.prices import lists, syncing
from routerhub.audit.change import Change
from routerhub.releases.errors import InvalidRelease


class Command(BaseCommand):
    help = "Compares the catalogue's prices with a price list and shows the difference; applies it with --apply."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--source", choices=lists.SOURCES, default="genai-prices")
        parser.add_argument("--online", action="store_true", help="fetch the newest list instead of the installed one")
        parser.add_argument("--file", type=Path, help="OpenRouter's list as a file")
        parser.add_argument("--url", default="", help="OpenRouter's list from another address")
        parser.add_argument("--all-new", action="store_true", help="list what is new too (there are many)")
        parser.add_argument("--apply", action="store_true", help="apply every changed price")
        parser.add_argument(
            "--add", action="append", default=[], metavar="PROVIDER/NAME", help="add this new model too"
        )
        parser.add_argument("--reason", default="", help="kept in the history; needed with --apply and --add")

    def handle(self, *_: Any, **options: Any) -> None:
        if (options["apply"] or options["add"]) and not options["reason"].strip():
            raise CommandError("Give a --reason: it is kept in the history.")
        moment = now()
        try:
            content = options["file"].read_bytes() if options["file"] else None
            offers = lists.offers(options["source"], options["online"], moment.date(), content, options["url"])
        except (UnreadableSource, OSError) as problem:
            raise CommandError(str(problem)) from problem
        changes = syncing.compare(offers, moment)
        self._show(changes, options["all_new"])
        chosen = {change.key for change in changes if options["apply"] and change.kind == "changed"}
        chosen |= self._additions(changes, options["add"])
        if not chosen:
            return
        try:
            applied = syncing.apply(offers, chosen, moment, Change(reason=options["reason"]))
        except InvalidRelease as invalid:
            raise CommandError(f"Nothing was written. {invalid}") from invalid
        waiting = sum(bool(change.doubts) for change in applied)
        self.stdout.write(self.style.SUCCESS(f"applied {len(applied)}, of which {waiting} wait for approval"))

    def _additions(self, changes: list[syncing.PriceChange], chosen: list[str]) -> set[str]:
        new = {change.place: change for change in changes if change.kind == "new"}
        for place in chosen:
            if place not in new:
                raise CommandError(f"--add {place}: the list has no such new model.")
            if new[place].obstacle:
                raise CommandError(f"--add {place}: {new[place].obstacle}.")
        return {new[place].key for place in chosen}

    def _show(self, changes: list[syncing.PriceChange], with_new: bool) -> None:
        for change in changes:
            if change.kind != "new" or with_new:
                self.stdout.write(lists.line(change))
        counts = {kind: sum(change.kind == kind for change in changes) for kind in ("changed", "vanished", "new")}
        summary = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        online = "" if settings.ALLOW_ONLINE_PRICES else " (ALLOW_ONLINE_PRICES=false: the installed list only)"
        self.stdout.write(f"{summary}{online}")
