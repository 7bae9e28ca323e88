from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from routerhub.audit.change import Change
from routerhub.releases import lines, rollout
from routerhub.releases.errors import ReleaseError


class Command(BaseCommand):
    help = (
        "Shows what is live on each line; makes a release live for a share of the users; promotes the candidate to all."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("line", nargs="?", choices=lines.names())
        parser.add_argument("release", nargs="?", type=int)
        parser.add_argument("--percent", type=int, default=100, help="1 to 100, sticky per user; 100 is for all")
        parser.add_argument("--promote", action="store_true", help="make the line's candidate live for all")
        parser.add_argument("--reason", default="", help="kept in the history; needed for every change")

    def handle(self, *_: Any, **options: Any) -> None:
        line: str | None = options["line"]
        if line and (options["promote"] or options["release"] is not None):
            if not options["reason"].strip():
                raise CommandError("Give a --reason: it is kept in the history.")
            try:
                self._change(line, options)
            except ReleaseError as problem:
                raise CommandError(str(problem)) from problem
        for name, pointer in rollout.pointers().items():
            share = f", {pointer.candidate} for {pointer.percent} %" if pointer.candidate is not None else ""
            self.stdout.write(f"{name}: release {pointer.stable} is live{share}")

    def _change(self, line: str, options: dict[str, Any]) -> None:
        change = Change(reason=options["reason"])
        if options["promote"]:
            rollout.promote(line, change)
        else:
            rollout.roll_out(line, options["release"], options["percent"], change)
