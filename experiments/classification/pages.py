"""The page of how prompts are read."""

from typing import Any

from django.utils.timezone import now

from analytics.admin.ranges import RangeForm, question_of
from analytics.dashboards import answering, pages
from analytics.dashboards.types import View
from analytics.windows.types import Question
from budgets.formats import ago
from experiments.classification.report import classification
from experiments.classification.showing import page as shown
from routerhub.audit.pages import StaffPage, page


@page("classification/", "classification")
class ClassificationPage(StaffPage):
    """Who read the prompts, how sure they were, whether they agree, and what asking more of them changes, takes and costs."""

    title = "Classification"
    template_name = "experiments/classification.html"
    permission = "analytics.view_record"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        sent = self.request.GET.copy()
        chosen = RangeForm(sent).asked()
        found = answering.read(self.request, lambda: _context(chosen, has_traffic=bool(sent.get("traffic"))))
        for name, value in {**chosen, **found.get("chosen", {})}.items():
            sent[name] = str(value)
        return super().get_context_data(**given, **found, form=RangeForm(sent))


def _context(chosen: dict[str, Any], has_traffic: bool) -> dict[str, Any]:
    view = _view(question_of(chosen))
    with pages.patience():
        if not has_traffic:
            view = pages.with_traffic(view)
        found = classification(view.question())
    return {
        "shown": shown(found, view), "zone": view.zone, "as_of": ago(view.local(found.as_of), view.local(view.now)),
        "chosen": {"traffic": view.traffic},
    }  # fmt: skip


def _view(question: Question) -> View:
    moment = now()
    return View(
        since=question.since, until=question.until, now=moment, zone=question.zone, accounts=question.accounts,
        traffic=question.traffic,
    )  # fmt: skip
