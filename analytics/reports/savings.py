"""What routing saved: see docs/reports.md for the method."""

from dataclasses import replace

from analytics.reports import measures
from analytics.reports.adding import total
from analytics.reports.asking import ask
from analytics.reports.types import Saving, Savings
from analytics.windows.types import Figures, Question


def savings(question: Question) -> Savings:
    """Of all requests that the question is about, whatever it is grouped by."""
    answer = ask(replace(question, by=(), step=None, distributions=False))
    whole = total(row.figures for row in answer.rows)
    return Savings(
        question=question, savings=saved(whole), cache_saved_nano=whole.cache_saved_nano,
        coverage=measures.share(whole.compared_nano, whole.cost_nano), as_of=answer.as_of,
    )  # fmt: skip


def saved(figures: Figures) -> tuple[Saving, ...]:
    """Of any figures: pages show it by group too."""
    return (
        Saving(reference="best", would_have_cost_nano=figures.best_nano, cost_nano=figures.compared_nano),
        Saving(reference="good", would_have_cost_nano=figures.good_nano, cost_nano=figures.compared_nano),
        Saving(reference="asked", would_have_cost_nano=figures.asked_nano, cost_nano=figures.compared_nano),
    )
