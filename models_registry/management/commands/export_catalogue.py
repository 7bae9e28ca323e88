from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from models_registry.catalogue import compiler as catalogue_compiler
from models_registry.errors import UnwritableFile
from models_registry.transfer import resources


class Command(BaseCommand):
    help = "Writes the models or providers, with deployments and prices, to a file that import_catalogue takes back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="ends in .json, .csv or .xlsx")
        parser.add_argument("--table", choices=resources.TABLES, default="models")

    def handle(self, *_: Any, **options: Any) -> None:
        path: Path = options["file"]
        format_name = path.suffix.lstrip(".").lower()
        if format_name not in resources.FORMATS:
            raise CommandError(f"{path.name}: the ending is not one of {', '.join(resources.FORMATS)}.")
        table = resources.TABLES[options["table"]]
        entries = catalogue_compiler.compile_bundle()[table.kind]
        try:
            path.write_bytes(resources.write_file(table, entries, format_name))
        except UnwritableFile as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"{len(entries)} {table.name} in {path}")
