from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from routerhub.audit.change import Change
from routerhub.releases import lines, switches


class Command(BaseCommand):
    help = "Turns a line to the release in the code (off) or back to the database's (on). Works without the database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("switch", nargs="?", choices=[lines.find(line).switch for line in lines.names()])
        parser.add_argument("state", nargs="?", choices=["on", "off"])
        parser.add_argument("--reason", default="by command")

    def handle(self, *_: Any, **options: Any) -> None:
        for line in lines.names():
            name = lines.find(line).switch
            if name == options["switch"] and options["state"]:
                switches.turn(line, options["state"] == "on", Change(reason=options["reason"]))
            state = "on" if switches.is_on(line) else "off: release 0, the one in the code, decides"
            self.stdout.write(f"{name} {state}")
