"""Compute profiles from a table of rated boards and print them as the profiles part of a router bundle."""

import csv
import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from autorouter.profiling import BOARDS, best_ratings, key_of, score
from models_registry.static import STATIC


class Command(BaseCommand):
    help = (
        "Compute profiles from rated boards (a CSV with a column `model` and one column a board, as Arena names them)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--boards", type=Path, required=True, help="the CSV file")
        parser.add_argument("--dated", required=True, help="the day of the ratings, YYYY-MM-DD")
        parser.add_argument("--source", default="Arena (arena.ai), CC BY 4.0", help="whom to credit")

    def handle(self, *_: Any, **options: Any) -> None:
        if not options["boards"].is_file():
            raise CommandError(f"--boards {options['boards']}: there is no such file.")
        with options["boards"].open(newline="") as file:
            rows = {row["model"]: row for row in csv.DictReader(file)}
        known = {model_id: rows[key_of(model_id)] for model_id in STATIC.models if key_of(model_id) in rows}
        best = best_ratings(list(known.values()))
        profiles = {}
        for model_id, row in known.items():
            scores = {dimension: found for dimension in BOARDS if (found := score(row, dimension, best))}
            if "quality" in scores:
                profiles[model_id] = {
                    dimension: {
                        "value": float(value),
                        "source": options["source"] + (" (imputed from related boards)" if is_estimated else ""),
                        "dated": options["dated"],
                        "is_estimated": is_estimated,
                    }
                    for dimension, (value, is_estimated) in scores.items()
                }
        self.stdout.write(json.dumps(profiles, indent=1, sort_keys=True))
