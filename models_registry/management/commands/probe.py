import os
from typing import Any

from django.core.management.base import BaseCommand

from models_registry import probing


class Command(BaseCommand):
    help = "Asks every provider that has a key here whether it answers, and keeps what was found."

    def handle(self, *_: Any, **__: Any) -> None:
        found = probing.probe_all(os.environ)
        for name, finding in sorted(found.items()):
            self.stdout.write(f"{name:<16}{finding.status:<12}{finding.detail}")
        if not found:
            self.stdout.write("No provider has an API key in the environment: there is nothing to probe.")
