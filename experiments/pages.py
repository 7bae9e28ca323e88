"""The pages on which a change is tried out and a decision is explained."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest

from analytics.models import Record
from autorouter.decision import counterfactual
from autorouter.types import CATEGORIES
from experiments.errors import BadSlice, ExperimentError
from experiments.replay import backtest, decisions
from experiments.replay.bars import bars
from experiments.replay.traffic import MAX_REQUESTS, Slice, read_moment
from models_registry.errors import RegistryError
from routerhub.audit.pages import StaffPage, page
from routerhub.releases import lines, store
from routerhub.releases.errors import ReleaseError

MAX_BARS = 12


@page("decisions/<str:operation_id>/", "decision")
class DecisionPage(StaffPage):
    """Why a request got its model: in words, in bars, and what would have had to differ."""

    template_name = "experiments/decision.html"
    permission = "analytics.view_record"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        try:
            found = decisions.explained(decisions.find(given["operation_id"], Record.objects.all()))
        except ExperimentError as problem:
            messages.error(self.request, str(problem))
            return super().get_context_data(**given, title="No such request", story=None)
        decision = found.decision
        return super().get_context_data(
            **given, title=f"Why {found.record.model}", story=decisions.as_json(found), record=found.record,
            rows=bars(decision.candidates[:MAX_BARS]) if decision else [],
            more=max(0, len(decision.candidates) - MAX_BARS) if decision else 0,
            would_differ=counterfactual.changes(decision) if decision else (),
        )  # fmt: skip


@page("backtest/", "backtest")
class BacktestPage(StaffPage):
    """A release, a draft included, against what is live, over a slice of the records."""

    title = "Backtest"
    template_name = "experiments/backtest.html"
    permission = "releases.view_release"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        asked = self.request.GET
        context: dict[str, Any] = {
            "numbers": {line: [each.number for each in store.listed(line)] for line in lines.names()},
            "asked": asked, "limit": asked.get("limit", MAX_REQUESTS), "categories": CATEGORIES, "report": None, "problem": "",
        }  # fmt: skip
        if "limit" in asked:
            try:
                report = backtest.run(_pair(self.request), _slice(self.request))
                context["report"] = _shown(backtest.as_json(report))
            except (ExperimentError, RegistryError, ReleaseError) as problem:
                context["problem"] = str(problem)
        return super().get_context_data(**given, **context)


def _pair(request: HttpRequest) -> backtest.Pair:
    found = {line: request.GET.get(line, "") for line in lines.names()}
    for line, text in found.items():
        if text and not text.isdecimal():
            raise BadSlice(line, f"{text!r} is not the number of a release.")
    return backtest.Pair(**{line: int(text) if text else None for line, text in found.items()})


def _slice(request: HttpRequest) -> Slice:
    asked = request.GET
    limit = asked.get("limit", "")
    return Slice(
        limit=int(limit) if limit.isdecimal() else 0, since=read_moment("since", asked.get("since", "")),
        category=asked.get("category", ""), model=asked.get("model", ""), tag=asked.get("tag", ""),
    )  # fmt: skip


def _shown(report: dict[str, Any]) -> dict[str, Any]:
    """The report with what a template cannot work out."""
    largest = max((flow["requests"] for flow in report["flows"]), default=1)
    for flow in report["flows"]:
        flow["width"] = round(100 * flow["requests"] / largest, 1)
    report["share"] = round(100 * report["moved"] / report["requests"], 1) if report["requests"] else 0
    for name in ("cost_usd", "latency_ms"):
        if report[name] and report[name]["relative"] is not None:
            report[name]["percent"] = f"{100 * report[name]['relative']:+.2f} %"
    return report
