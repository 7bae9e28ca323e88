"""Train the local classifier, say on what and how well it does, write its weights."""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from autorouter.classification.table import WEIGHTS_FILE, written
from autorouter.training import report
from autorouter.training.calibrating import calibrated
from autorouter.training.examples import counted
from autorouter.training.fitting import fit
from autorouter.training.outcomes import outcome_lines, outcomes
from autorouter.training.prompts import SEED, Prompt, digest, family_prompts, own_prompts, read_labels


class Command(BaseCommand):
    help = (
        "Train the local classifier on the seed prompts and on prompts labelled by reading, and print how well it does on "
        "sources left out. The same prompts give the same bytes. Without --write nothing is changed. See docs/classifier.md."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--labels", type=Path, required=True,
            help="prompts labelled one by one, JSON a line: prompt, category, second, difficulty, source (.gz or plain)",
        )  # fmt: skip
        parser.add_argument(
            "--typed", default="", help="sources that people typed, by commas: their figures stand apart"
        )
        parser.add_argument(
            "--families",
            type=Path,
            help="prompts labelled by source, JSON a line: prompt, category, source, group; a test only",
        )
        parser.add_argument("--outcomes", type=Path, help="a folder with models' outcomes: a test of complexity only")
        parser.add_argument("--misread", action="store_true", help="list the held-out prompts that were got wrong")
        parser.add_argument("--write", action="store_true", help=f"write {WEIGHTS_FILE.name}")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            labelled = read_labels(options["labels"])
            families = family_prompts(options["families"]) if options["families"] else []
            sets = outcomes(options["outcomes"]) if options["outcomes"] else []
        except FileNotFoundError as problem:
            raise CommandError(f"There is no {problem.filename}.") from problem
        own = own_prompts()
        self._say(_trained_on(own, labelled, options["labels"]))
        prompts = [counted(prompt) for prompt in (*own, *labelled)]
        tested = report.held_out(prompts, [*labelled, *families])
        held = [each for each in tested if not each.prompt.group]
        weights = calibrated(fit(prompts), held)
        found = report.found(weights, held)
        self._say(report.lines(found, options["typed"].split(",")))
        self._say(report.misread(found) if options["misread"] else ())
        self._say(outcome_lines(weights, sets))
        if families:
            self._say(report.family_lines([each for each in tested if each.prompt.group]))
        if options["write"]:
            WEIGHTS_FILE.write_text(written(weights), encoding="utf-8")
            self.stdout.write(f"{len(weights.terms)} terms written to {WEIGHTS_FILE.name}")

    def _say(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.stdout.write(line)


def _trained_on(own: Sequence[Prompt], labelled: Sequence[Prompt], path: Path) -> Iterable[str]:
    yield f"{SEED}: {len(own)} prompts"
    sources = Counter(prompt.source for prompt in labelled)
    yield f"{path.name} (SHA-256 {digest(path)}): {len(labelled)} prompts of {len(sources)} sources"
    yield "  " + ", ".join(f"{source} {times}" for source, times in sorted(sources.items()))
