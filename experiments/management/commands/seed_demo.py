"""A demonstration: a month of made-up traffic, and how to be rid of it."""

import time
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import now

from experiments.demo import seeding
from experiments.errors import ExperimentError
from experiments.replay.traffic import read_moment
from routerhub.audit.change import Change

MAX_REQUESTS = 1_000_000


class Command(BaseCommand):
    help = (
        "Fill three accounts of a demonstration with a month of requests, which the real classifier and router decide for and"
        " the catalogue's prices charge. All of it is marked as sandbox traffic."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--requests", type=int, default=30_000, help="how many; default: 30000")
        parser.add_argument("--seed", type=int, default=1, help="the same number gives the same requests")
        parser.add_argument(
            "--until", default="", help="where the month ends, e.g. 2026-11-29T12:00; default: this hour"
        )
        parser.add_argument("--remove", action="store_true", help="take the demonstration away again")

    def handle(self, *_: Any, remove: bool, **options: Any) -> None:
        began = time.monotonic()
        try:
            told = self._remove() if remove else self._seed(options["seed"], options["until"], options["requests"])
        except ExperimentError as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"{told} in {time.monotonic() - began:.0f} s.")

    def _seed(self, number: int, until: str, requests: int) -> str:
        if not 100 <= requests <= MAX_REQUESTS:
            raise CommandError(f"--requests {requests}: from 100 to {MAX_REQUESTS:,}.")
        moment: datetime = read_moment("until", until) or now()
        hour = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        found = seeding.seed(number, hour, requests, Change(reason="a demonstration, by seed_demo"))
        return f"{found.requests:,} requests of {found.people} people and their programs in {found.accounts} accounts"

    def _remove(self) -> str:
        return f"{seeding.remove(Change(reason='end of the demonstration'))} accounts were removed with all that was theirs"
