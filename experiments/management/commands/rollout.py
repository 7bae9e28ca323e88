from argparse import ArgumentTypeError
from collections.abc import Callable, Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from experiments.models import GradualRollout
from experiments.rollouts import arms, schedule, stepping
from experiments.rollouts.schedule import COLUMNS, DEFAULT, DEFAULT_COLUMNS, Plan
from routerhub.audit.change import Change
from routerhub.audit.errors import ChangeRefused
from routerhub.releases import lines, rollout

MOVES: Mapping[str, Callable[[int, Change], GradualRollout]] = {
    "advance": stepping.advance, "pause": stepping.pause, "resume": stepping.resume, "stop": stepping.stop,
}  # fmt: skip
"""What is done with a rollout by steps that is under way. To withdraw it, there is `rollback`."""


def numbers(text: str) -> tuple[int, ...]:
    try:
        return schedule.read_numbers(text)
    except ValueError as problem:
        raise ArgumentTypeError(str(problem)) from problem


def guardrail(text: str) -> dict[str, Any]:
    measure, _, margin = text.partition("=")
    try:
        return {"measure": measure, "margin": float(margin)}
    except ValueError as problem:
        raise ArgumentTypeError(f"{text!r} is not written like success=0.01.") from problem


class Command(BaseCommand):
    help = (
        "Shows what is live on each line; makes a release live for a share of the users, or step by step for all of them; "
        "promotes the candidate to all; moves what goes out by steps."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("line", nargs="?", choices=lines.names())
        parser.add_argument("release", nargs="?", type=int)
        parser.add_argument("--percent", type=int, default=100, help="1 to 100, sticky per user; 100 is for all")
        parser.add_argument("--promote", action="store_true", help="make the line's candidate live for all")
        parser.add_argument("--gradually", action="store_true", help="step by step, rolled back by itself")
        for name, help_text in COLUMNS.items():
            default = DEFAULT_COLUMNS[name]
            told = f"{help_text}; default {','.join(map(str, default))}"
            parser.add_argument(f"--{name}", type=numbers, default=default, metavar="N,N", help=told)
        parser.add_argument(
            "--guardrail", type=guardrail, action="append", metavar="MEASURE=MARGIN", dest="guardrails",
            help="what rolls it back, e.g. success=0.01 or cost=0.1; may be given more than once",
        )  # fmt: skip
        for name in MOVES:
            parser.add_argument(
                f"--{name}", action="store_const", const=name, dest="move", help="what goes out by steps"
            )
        parser.add_argument("--look", action="store_true", help="look now at what goes out by steps, as beat does")
        parser.add_argument("--reason", default="", help="kept in the history; needed for every change")

    def handle(self, *_: Any, **options: Any) -> None:
        line: str | None = options["line"]
        if options["look"]:
            stepping.check_all(arms.look)
        if line and (options["promote"] or options["move"] or options["release"] is not None):
            if not options["reason"].strip():
                raise CommandError("Give a --reason: it is kept in the history.")
            try:
                self._change(line, options)
            except ChangeRefused as problem:
                raise CommandError(str(problem)) from problem
        for name, pointer in rollout.pointers().items():
            share = f", {pointer.candidate} for {pointer.percent} %" if pointer.candidate is not None else ""
            self.stdout.write(f"{name}: release {pointer.stable} is live{share}")
            if gradual := stepping.open_one(name):
                self.stdout.write(f"  by steps: {stepping.sentence(gradual)}")

    def _change(self, line: str, options: dict[str, Any]) -> None:
        change = Change(reason=options["reason"])
        if options["promote"]:
            rollout.promote(line, change)
        elif options["move"]:
            MOVES[options["move"]](stepping.demand_open(line).pk, change)
        elif options["gradually"]:
            stepping.start(line, options["release"], change, _plan(options))
        else:
            rollout.roll_out(line, options["release"], options["percent"], change)


def _plan(options: Mapping[str, Any]) -> Plan:
    columns = {name: options[name] for name in COLUMNS}
    if options["guardrails"] is None:
        return schedule.from_columns(columns, DEFAULT.guardrails)
    return schedule.from_columns(columns, stepping.guardrails_of(options["guardrails"]))
