"""Fine-tune the encoder on labelled prompts and write it as one file."""

import json
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import onnx
from django.core.management.base import BaseCommand, CommandError

from autorouter.encoder.model import Encoder
from autorouter.encoder.tokens import Tokens
from autorouter.training.encoder import base, data, figures
from autorouter.training.encoder.card import Training, card
from autorouter.training.encoder.exporting import described, exported
from autorouter.training.encoder.fitting import Settings, fit
from autorouter.training.prompts import FOLDS, Prompt

TELLS_EVERY = 50


class Command(BaseCommand):
    help = (
        "Fine-tune the encoder's base on prompts labelled by reading and on seed prompts, and write one ONNX file with int8 "
        "weights, tokenizer, labels, temperatures and model card. Needs requirements-training.txt; half an hour on two "
        "cores. See docs/encoder.md."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        defaults = Settings()
        parser.add_argument(
            "--labels", type=Path, required=True, help="prompts with category, second, difficulty and source"
        )
        parser.add_argument(
            "--base", type=Path, required=True, help="a folder with model.safetensors, tokenizer.json, config.json"
        )
        parser.add_argument("--out", type=Path, required=True, help="the file to write")
        parser.add_argument(
            "--leave-out",
            type=int,
            choices=range(FOLDS),
            help="hold this sixth of the sources back, and judge them",
        )
        parser.add_argument(
            "--seed-prompts", type=int, default=data.SEED_PROMPTS, help="how many of the seed set are added"
        )
        parser.add_argument("--epochs", type=int, default=defaults.epochs)
        parser.add_argument("--batch", type=int, default=defaults.batch)
        parser.add_argument("--rate", type=float, default=defaults.rate)
        parser.add_argument("--seed", type=int, default=defaults.seed, help="of heads, order and dropout")
        parser.add_argument("--category-temperature", type=float, default=1.0, help="as judge_encoder found it")
        parser.add_argument("--complexity-temperature", type=float, default=1.0)

    def handle(self, *_: Any, **options: Any) -> None:
        settings = Settings(**{name: options[name] for name in ("epochs", "batch", "rate", "seed")})
        try:
            start = base.read(options["base"])
            read, held = data.parted(data.labels(options["labels"]), options["leave_out"])
        except FileNotFoundError as problem:
            raise CommandError(f"there is no {problem.filename}") from problem
        except ValueError as problem:
            raise CommandError(f"--labels {options['labels']}: {problem}") from problem
        seeds = data.seeds(options["seed_prompts"])
        training = Training(base_digest=start.digest, read=read, seeds=seeds, settings=settings)
        self._say(training.lines())
        model = self._trained(start, [*read, *seeds], settings)
        temperatures = {"category": options["category_temperature"], "complexity": options["complexity_temperature"]}
        model = described(model, temperatures=json.dumps(temperatures))
        found = self._figures(model, held) if held else []
        onnx.save(described(model, card=card(training, found)), options["out"])
        self.stdout.write(f"{options['out']}: {options['out'].stat().st_size / 1e6:.1f} MB")

    def _trained(self, start: base.Base, prompts: list[Prompt], settings: Settings) -> onnx.ModelProto:
        tokens = Tokens(start.tokenizer)
        examples = data.examples(prompts, [tokens.of(one.asked[-1]) for one in prompts])
        try:
            return exported(fit(start, examples, settings, self._tell), start)
        except ValueError as problem:
            raise CommandError(f"--batch {settings.batch}: {problem}") from problem

    def _tell(self, step: int, steps: int, loss: float) -> None:
        if step % TELLS_EVERY == 0 or step == steps:
            self.stdout.write(f"step {step} of {steps}, loss {loss:.3f}")

    def _figures(self, model: onnx.ModelProto, held: list[Prompt]) -> list[str]:
        with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
            onnx.save(model, file.name)
            judged = Encoder(Path(file.name)).judge([one.asked[-1] for one in held])
        lines = [*figures.lines(answers := list(zip(held, judged, strict=True))), *figures.kind_lines(answers)]
        self._say([f"{len(held)} prompts of sources left out:", *lines])
        return lines

    def _say(self, lines: list[str]) -> None:
        for line in lines:
            self.stdout.write(line)
