"""Write the table of all tunables into the documentation, as they are declared."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from autorouter.configuration.tunables import reference


class Command(BaseCommand):
    """`manage.py document_tunables`, after a tunable was added or changed."""

    help = "Write the table of all tunables into docs/router.md."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--file", type=Path, default=settings.BASE_DIR / "docs" / "router.md")

    def handle(self, *_: Any, file: Path, **__: Any) -> None:
        try:
            file.write_text(reference.written_into(file.read_text()))
        except (OSError, ValueError) as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"Wrote {file}.")
