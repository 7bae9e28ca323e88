import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from experiments.errors import BadSlice
from experiments.replay import backtest
from experiments.replay.figures import change
from experiments.replay.traffic import MAX_REQUESTS, NAMED, Slice, read_moment
from experiments.types import Estimate, Report
from models_registry.errors import RegistryError
from routerhub.releases.errors import ReleaseError


class Command(BaseCommand):
    help = (
        "Decides recorded requests again by another release, a draft included, and says what would change against what is "
        "live. Exits with 1 when a stated bound is passed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--router", type=int, help="number of the router release; default: the live one")
        parser.add_argument("--catalogue", type=int, help="number of the catalogue release; default: the live one")
        parser.add_argument("--limit", type=int, default=MAX_REQUESTS, help="the newest so many records")
        parser.add_argument("--since", default="", help="a moment such as 2026-11-01, or an age such as 7d or 12h")
        parser.add_argument("--until", default="")
        for name in NAMED:
            parser.add_argument(f"--{name.replace('_', '-')}", default="")
        parser.add_argument("--min-confidence", type=float, metavar="SHARE", help="of the category, 0 to 1")
        parser.add_argument("--max-confidence", type=float, metavar="SHARE", help="0.5: those that nobody is sure of")
        parser.add_argument("--instead", default="", metavar="MODEL", help="what if it took all of these that it can?")
        parser.add_argument("--account", type=int)
        parser.add_argument("--user", type=int)
        parser.add_argument("--max-cost-increase", default="", metavar="SHARE", help="e.g. 5%%")
        parser.add_argument("--max-latency-increase", default="", metavar="SHARE")
        parser.add_argument(
            "--max-quality-loss", type=float, metavar="POINTS", help="of the mean profile score, of 100"
        )
        parser.add_argument("--max-moved", default="", metavar="SHARE", help="of the requests")
        parser.add_argument("--json", action="store_true")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            bounds = self._bounds(options)
            pair = backtest.Pair(catalogue=options["catalogue"], router=options["router"])
            report = backtest.run(pair, self._slice(options), instead=options["instead"])
        except (BadSlice, RegistryError, ReleaseError) as problem:
            raise CommandError(str(problem)) from problem
        if options["json"]:
            self.stdout.write(json.dumps(backtest.as_json(report, bounds), indent=1))
        else:
            self._tell(report)
        if passed := bounds.passed(report):
            self.stderr.write("\n".join(f"bound passed: {each}" for each in passed))
            sys.exit(1)

    def _bounds(self, options: dict[str, Any]) -> backtest.Bounds:
        shares = {
            name: backtest.read_share(options[name], f"--{name.replace('_', '-')}") if options[name] else None
            for name in ("max_cost_increase", "max_latency_increase", "max_moved")
        }
        return backtest.Bounds(max_quality_loss=options["max_quality_loss"], **shares)

    def _slice(self, options: dict[str, Any]) -> Slice:
        return Slice(
            limit=options["limit"], since=read_moment("since", options["since"]), until=read_moment("until", options["until"]),
            account_id=options["account"], user_id=options["user"],
            **{name: options[name] for name in (*NAMED, "min_confidence", "max_confidence")},
        )  # fmt: skip

    def _tell(self, report: Report) -> None:
        kind = "recorded requests" if report.is_recorded else "built-in prompts (there is no record)"
        share = report.moved / report.requests if report.requests else 0
        self.stdout.write(f"{report.requests:,} {kind}; {report.moved:,} ({share:.1%}) would go elsewhere")
        for flow in report.flows[: backtest.MAX_FLOWS]:
            route = f"{flow.before or 'no model'} -> {flow.after or 'no model'}"
            self.stdout.write(f"  {flow.requests:>7,}  {route:<76} {flow.cost_change:+.6f} USD")
        self.stdout.write(f"cost     {_told(report.cost_usd, 'USD', 8)}")
        self.stdout.write(f"quality  {_told(report.quality, 'points', 2)}")
        known = f"latency  {_told(report.latency_ms, 'ms', 0)}" if report.latency_ms else "latency  not measured"
        self.stdout.write(f"{known} (measured for {report.latency_known:,})")
        self.stdout.write(f"refused  {report.refused_before:,} before, {report.refused_after:,} after")


def _told(estimate: Estimate, unit: str, digits: int) -> str:
    share = f", {change(100 * estimate.relative, 2)}% in all" if estimate.relative is not None else ""
    interval = f"95 % interval {change(estimate.low, digits)} to {change(estimate.high, digits)}"
    return f"{change(estimate.mean, digits)} {unit} a request ({interval}){share}"
