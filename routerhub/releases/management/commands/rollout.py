from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from routerhub.releases import rollout
from routerhub.releases.errors import NoRollout, UnknownRelease
from routerhub.releases.types import Line


class Command(BaseCommand):
    help = (
        "Shows what is live on each line; makes a release live for a share of the users; promotes the candidate to all."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("line", nargs="?", choices=rollout.LINES)
        parser.add_argument("release", nargs="?", type=int)
        parser.add_argument("--percent", type=int, default=100, help="1 to 100, sticky per user; 100 is for all")
        parser.add_argument("--promote", action="store_true", help="make the line's candidate live for all")
        parser.add_argument("--reason", default="", help="kept in the history; needed for every change")

    def handle(self, *_: Any, **options: Any) -> None:
        line: Line | None = options["line"]
        if line and (options["promote"] or options["release"] is not None):
            if not options["reason"].strip():
                raise CommandError("Give a --reason: it is kept in the history.")
            try:
                self._change(line, options)
            except (UnknownRelease, NoRollout, ValueError) as problem:
                raise CommandError(str(problem)) from problem
        for name, pointer in rollout.pointers().items():
            share = f", {pointer.candidate} for {pointer.percent} %" if pointer.candidate is not None else ""
            self.stdout.write(f"{name}: release {pointer.stable} is live{share}")

    def _change(self, line: Line, options: dict[str, Any]) -> None:
        if options["promote"]:
            rollout.promote(line, None, options["reason"])
        else:
            rollout.roll_out(line, options["release"], options["percent"], None, options["reason"])
