from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from routerhub.audit.change import Change
from routerhub.releases import lines, rollout, switches
from routerhub.releases.errors import ReleaseError


class Command(BaseCommand):
    help = "Makes an earlier release live again, at once and for all. Without a number: the one before the last change."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("line", choices=[*lines.names(), "all"])
        parser.add_argument("--to", type=int, metavar="RELEASE", help="the release's number; 0 is the one in the code")
        parser.add_argument("--to-static", action="store_true", help="release 0; without the database, by the switch")
        parser.add_argument("--reason", default="rollback by command", help="kept in the history")

    def handle(self, *_: Any, **options: Any) -> None:
        target = 0 if options["to_static"] else options["to"]
        for line in lines.names() if options["line"] == "all" else [options["line"]]:
            try:
                number = rollout.rollback(line, target, Change(reason=options["reason"]))
            except ReleaseError as problem:
                raise CommandError(str(problem)) from problem
            except DatabaseError as problem:
                self._without_database(line, options["to_static"], problem)
            else:
                self.stdout.write(self.style.SUCCESS(f"{line}: release {number} is live"))

    def _without_database(self, line: str, to_static: bool, problem: DatabaseError) -> None:
        if not to_static:
            raise CommandError(f"The database does not answer; --to-static works without it. {problem}") from problem
        switches.turn(line, False, Change(reason="rollback --to-static without the database"))
        name = lines.find(line).switch
        self.stdout.write(
            f"{line}: the database does not answer, so {name} was turned off; `switch {name} on` undoes it"
        )
