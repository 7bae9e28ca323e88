import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from experiments.learning.success import showing


class Command(BaseCommand):
    help = "What learning success from outcomes would be worth, on a file of questions whose outcome is known for every model."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help='JSONL: {"question", "scores": {model: 0 to 1}, "task_name"}')
        parser.add_argument(
            "--prices", type=Path, required=True, help='JSON: {model: {"input_price", ...}} in USD per 1M tokens'
        )
        parser.add_argument("--svg", type=Path, help="where the chart is written to")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            rows = list(_rows(options["file"]))
            prices = _prices(options["prices"])
            found = showing.evaluate(rows, prices)
        except (OSError, ValueError, KeyError) as problem:
            raise CommandError(f"{problem!r}") from problem
        self.stdout.write(showing.told(found))
        if options["svg"]:
            options["svg"].write_text(showing.svg(found))


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _prices(path: Path) -> dict[str, float]:
    found = json.loads(path.read_text(encoding="utf-8"))
    return {model: float(facts["input_price"]) for model, facts in found.items()}
