"""Train the local classifier, say how well it does, write its weights."""

from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from autorouter import seed_prompts
from autorouter.classification.table import WEIGHTS_FILE, written
from autorouter.training import report
from autorouter.training.fitting import fit
from autorouter.training.prompts import SEED, Prompt, clean_prompts, mmlu_outcomes, own_prompts


class Command(BaseCommand):
    help = (
        "Train the local classifier on the seed prompts, and on the sets of a folder if given. The same prompts give "
        "the same bytes. Without --write nothing is changed. See docs/classifier.md."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--data", type=Path, help="a folder with prompts/ and routing/ (default: seed prompts alone)"
        )
        parser.add_argument(
            "--report", action="store_true", help="measure on sources held out of training; ten minutes"
        )
        parser.add_argument("--confusing", action="store_true", help="with --report: list the seed prompts got wrong")
        parser.add_argument("--write", action="store_true", help=f"write {WEIGHTS_FILE.name}")

    def handle(self, *_: Any, **options: Any) -> None:
        data: Path | None = options["data"]
        try:
            prompts = own_prompts() + (clean_prompts(data) if data else [])
            outcomes = mmlu_outcomes(data) if data and options["report"] else []
        except FileNotFoundError as problem:
            raise CommandError(f"--data {data}: there is no {problem.filename}.") from problem
        if options["report"]:
            self._report(prompts, options["confusing"])
        if options["write"] or outcomes:
            weights = fit(prompts)
            if outcomes:
                self._say(report.outcome_lines(weights, outcomes))
            if options["write"]:
                WEIGHTS_FILE.write_text(written(weights), encoding="utf-8")
                self.stdout.write(f"{len(weights.terms)} terms written to {WEIGHTS_FILE.name}")

    def _report(self, prompts: list[Prompt], confusing: bool) -> None:
        outside: list[report.Held] = []
        for source, judged in report.held_out(prompts):
            self.stdout.write(f"{source}, held out")
            self._say(report.category_lines(judged))
            self._say(report.complexity_lines(judged))
            if source != SEED:
                outside += judged
            elif confusing:
                self._say(report.confusing(judged, seed_prompts.FOLDER))
        if outside:
            self.stdout.write("all public sources, each held out")
            self._say(report.category_lines(outside))

    def _say(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.stdout.write(line)
