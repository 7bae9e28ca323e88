"""Compute profiles from Arena's rated boards and print them as the profiles part of a router bundle."""

import json
from argparse import ArgumentParser
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from autorouter.configuration.profiling import Rated, profile
from autorouter.configuration.release0 import BOARD_NAMES, GIVEN, STATIC
from autorouter.types import Profile, Score

CREDIT = "arena.ai, CC BY 4.0"


class Command(BaseCommand):
    help = (
        "Compute profiles from rated boards. The folder holds arena_leaderboards_*.json, the newest counts: "
        '{"fetched_at": moment, "pages": {board: [[name, rating, ...], ...]}}. '
        "autorouter/configuration/board_names.json says under which names the boards list a model. See docs/catalogue.md."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--boards", type=Path, required=True, help="the folder")

    def handle(self, *_: Any, **options: Any) -> None:
        boards, dated = _read(options["boards"])
        scores = {model: profile(boards, names) for model, names in BOARD_NAMES.items()}
        if unrated := sorted(model for model, rated in scores.items() if not rated):
            raise CommandError(f"The boards rate none of the names given for {', '.join(unrated)}.")
        computed = {
            model: {dimension: _as_json(score, dated) for dimension, score in rated.items()}
            for model, rated in scores.items()
        }
        given = {model: _given_json(STATIC.profiles[model]) for model in GIVEN}
        self.stdout.write(json.dumps({**computed, **given}, indent=1, sort_keys=True))


def _read(folder: Path) -> tuple[dict[str, dict[str, Decimal]], str]:
    """Ratings by board and name, and the day of the ratings."""
    files = sorted(folder.glob("arena_leaderboards_*.json"))
    if not files:
        raise CommandError(f"--boards {folder}: there is no arena_leaderboards_*.json in it.")
    found = json.loads(files[-1].read_text(), parse_float=Decimal)
    boards = {board: {row[0]: Decimal(row[1]) for row in rows} for board, rows in found["pages"].items()}
    return boards, found["fetched_at"][:10]


def _as_json(score: Rated, dated: str) -> dict[str, Any]:
    boards = ", ".join(score.boards)
    return {
        "value": float(score.value),
        "source": f"{'Imputed from ' if score.is_estimated else ''}Arena {boards} ({CREDIT})",
        "dated": dated,
        "is_estimated": score.is_estimated,
    }


def _given_json(known: Profile) -> dict[str, Any]:
    scores: list[tuple[str, Score | None]] = [("quality", known.quality), *known.categories.items()]
    return {
        dimension: {
            "value": int(score.value),
            "source": score.source,
            "dated": score.dated,
            "is_estimated": score.is_estimated,
        }
        for dimension, score in scores
        if score
    }
