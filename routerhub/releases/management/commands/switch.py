import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from routerhub.releases import switches
from routerhub.releases.rollout import LINES


class Command(BaseCommand):
    help = "Turns a line to the release in the code (off) or back to the database's (on). Works without the database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("switch", nargs="?", choices=[switches.NAMES[line] for line in LINES])
        parser.add_argument("state", nargs="?", choices=["on", "off"])
        parser.add_argument("--reason", default="by command")

    def handle(self, *_: Any, **options: Any) -> None:
        if options["switch"] and options["state"]:
            line = next(line for line, name in switches.NAMES.items() if name == options["switch"])
            switches.turn(line, options["state"] == "on", getpass.getuser(), options["reason"])
        now = switches.current()
        for line, name in switches.NAMES.items():
            self.stdout.write(
                f"{name} {'on' if getattr(now, line) else 'off: release 0, the one in the code, decides'}"
            )
