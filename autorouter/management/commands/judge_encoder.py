"""Judge the encoder and the table on sources that neither was trained on, and say how far each is to be believed."""

import json
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import onnx
from django.core.management.base import BaseCommand, CommandError

from autorouter.classification.table import judge
from autorouter.encoder.model import Encoder
from autorouter.training.calibrating import calibrated
from autorouter.training.encoder import data, judging
from autorouter.training.encoder.exporting import described
from autorouter.training.examples import counted
from autorouter.training.fitting import fit
from autorouter.training.prompts import FOLDS, Prompt, own_prompts
from autorouter.training.report import held_out


class Command(BaseCommand):
    help = (
        "Judge an encoder that was trained with --leave-out, and a table trained here without the same sources, on the prompts "
        "of these: alone, together, and asked only where the table is unsure. Fits temperatures and trust on half of these "
        "sources and judges them on the other half. See docs/encoder-card.md."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--labels", type=Path, required=True, help="those that train_encoder was given")
        parser.add_argument("--encoder", type=Path, required=True, help="what train_encoder wrote with --leave-out")
        parser.add_argument("--leave-out", type=int, choices=range(FOLDS), required=True, help="the same sixth")
        parser.add_argument("--seed-prompts", type=int, help="how many of the seed set the table gets (default: all)")
        parser.add_argument("--calibrate", type=Path, help="a file that gets the temperatures found here into it")
        parser.add_argument("--card", type=Path, help="with --calibrate: the Markdown page that becomes its model card")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            kept, held = data.parted(data.labels(options["labels"]), options["leave_out"])
            encoder = Encoder(options["encoder"])
        except FileNotFoundError as problem:
            raise CommandError(f"there is no {problem.filename}") from problem
        except ValueError as problem:
            raise CommandError(f"--labels {options['labels']}: {problem}") from problem
        cases = self._cases(own_prompts()[: options["seed_prompts"]], kept, held, encoder)
        found = judging.temperatures(cases)
        self.stdout.write(f"temperatures beside the file's own: {json.dumps(found)}")
        self._say(judging.reader_lines(cases))
        self._say(judging.threshold_lines(cases))
        self._fitted(cases)
        if path := options["calibrate"]:
            _calibrate(path, found, options["card"])

    def _cases(self, own: list[Prompt], kept: list[Prompt], held: list[Prompt], encoder: Encoder) -> list[judging.Case]:
        given = [counted(prompt) for prompt in (*own, *kept)]
        weights = calibrated(fit(given), held_out(given, kept))
        by_encoder = encoder.judge([prompt.asked[-1] for prompt in held])
        return [
            judging.Case(prompt=prompt, table=judge(weights, prompt.asked), encoder=judged)
            for prompt, judged in zip(held, by_encoder, strict=True)
        ]

    def _fitted(self, cases: list[judging.Case]) -> None:
        first, second = judging.halves(cases)
        if not (first and second):
            self.stdout.write("Of one source only, so no fit is judged.")
            return
        for fitted_to, judged_on in ((first, second), (second, first)):
            found = judging.fitted(fitted_to)
            self.stdout.write(f"fitted to half of these sources: {found}; on the other half:")
            self._say(judging.threshold_lines(judged_on, judging.always(found)))
        self.stdout.write(f"fitted to all of them: {judging.fitted(cases)}")

    def _say(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.stdout.write(line)


def _calibrate(path: Path, found: dict[str, float], card: Path | None) -> None:
    model = onnx.load(path)
    facts = {one.key: one.value for one in model.metadata_props}
    before = json.loads(facts["temperatures"])
    after = json.dumps({name: round(before[name] * found[name], 3) for name in before})
    text = card.read_text(encoding="utf-8") if card else facts["card"]
    onnx.save(described(model, temperatures=after, card=text), path)
