"""The pages on which a change is tried out and a decision is explained."""

from typing import Any

from django.contrib import messages

from analytics.models import Record
from autorouter.decision import counterfactual
from experiments.errors import BadSlice, ExperimentError
from experiments.forms import BacktestForm
from experiments.replay import backtest, decisions
from experiments.replay.bars import bars
from experiments.replay.figures import change
from experiments.types import Report
from models_registry.errors import RegistryError
from routerhub.audit.pages import StaffPage, page
from routerhub.releases.errors import ReleaseError

MAX_BARS = 12
DECIMALS = {"cost_usd": 8, "quality": 2, "latency_ms": 0}
"""Of the figures of a backtest."""


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
            **given, title=f"Why {found.record.model}", story=decisions.as_json(found), record=found.record, found=found,
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
        form = BacktestForm(self.request.GET or None)
        report = _shown(backtest.as_json(found)) if (found := _replayed(form)) else None
        return super().get_context_data(**given, form=form, report=report)


def _replayed(form: BacktestForm) -> Report | None:
    """What was asked for, or None where nothing was, or what cannot be; then the form says why."""
    if not form.is_valid():
        return None
    try:
        return backtest.run(form.pair(), form.slice(), instead=form.cleaned_data["instead"])
    except BadSlice as problem:
        form.add_error(problem.field if problem.field in form.fields else None, problem.message)
    except (RegistryError, ReleaseError) as refused:
        form.add_error(None, str(refused))
    return None


def _shown(report: dict[str, Any]) -> dict[str, Any]:
    """The report with what a template cannot work out."""
    largest = max((flow["requests"] for flow in report["flows"]), default=1)
    for flow in report["flows"]:
        flow["width"] = round(100 * flow["requests"] / largest, 1)
    report["share"] = round(100 * report["moved"] / report["requests"], 1) if report["requests"] else 0
    for name, decimals in DECIMALS.items():
        if estimate := report[name]:
            figures = (estimate["mean"], *estimate["interval"])
            estimate["mean"], *estimate["interval"] = (change(each, decimals) for each in figures)
            if estimate["relative"] is not None:
                estimate["percent"] = f"{change(100 * estimate['relative'], 2)} %"
    return report
