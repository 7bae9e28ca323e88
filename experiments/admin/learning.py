"""What was learned from traffic, for staff to decide on; and what rules did, for the page of a user's preferences."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from analytics.admin.decisions import DECISION_PANELS
from analytics.models import Record
from analytics.requests.filters import WORDS
from autorouter.admin.people import RULE_PANELS
from autorouter.types import CATEGORIES, COMPLEXITIES
from experiments.choices import ProposalKind
from experiments.learning import proposals
from experiments.learning.success import showing_evidence, waking
from experiments.models import ImportedOutcome, LearningRound, Proposal
from experiments.replay import decisions, rule_effects
from experiments.replay.bars import bars
from routerhub.audit.admin import DecidedAdmin, FactAdmin, asks_why
from routerhub.audit.change import Change
from routerhub.releases.errors import InvalidRelease


def effects_panel(row: Any) -> SafeString:
    """What each rule of a set did over its owner's last requests."""
    found = rule_effects.trial(row, None).effects
    return render_to_string(
        "experiments/rule_effects.html", {"effects": found, "max_requests": rule_effects.MAX_REQUESTS}
    )


RULE_PANELS.append(effects_panel)


def decision_panel(row: Record) -> SafeString:
    """Why a request got its model: who answered, and who came next."""
    found = decisions.explained(row)
    first = found.decision.candidates[:2] if found.decision else ()
    shown = [each for each in (found.used, *first) if each]
    context = {"found": found, "decision": found.decision, "rows": bars(list(dict.fromkeys(shown))[:2])}
    return render_to_string("experiments/decision_panel.html", context)


DECISION_PANELS.append(decision_panel)
WORDS |= {"category": lambda: CATEGORIES, "second": lambda: CATEGORIES, "complexity": lambda: COMPLEXITIES}


@admin.register(LearningRound)
class LearningRoundAdmin(FactAdmin):
    list_display = ["began_at", "records", "feedback", "proposals", "verdict"]
    sortable_by = ()
    actions_list = ["check_now", "learn_success"]

    def has_check_now_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("experiments.add_learninground")

    @action(description="Check now", url_path="check-now", permissions=["check_now"])
    def check_now(self, request: HttpRequest) -> HttpResponse:
        messages.info(request, proposals.learn().verdict)
        return redirect("admin:experiments_learninground_changelist")

    def has_learn_success_permission(self, request: HttpRequest) -> bool:
        return self.has_check_now_permission(request)

    @action(description="Learn success now", url_path="learn-success", permissions=["learn_success"])
    def learn_success(self, request: HttpRequest) -> HttpResponse:
        waking.learn_success()
        messages.info(request, waking.STARTED)
        return redirect("admin:experiments_learninground_changelist")


@admin.register(ImportedOutcome)
class ImportedOutcomeAdmin(FactAdmin):
    """What was measured elsewhere; files come and go on the page of outcome files."""

    list_display = ["model", "category", "score", "source", "happened_at", "imported_at"]


@admin.register(Proposal)
class ProposalAdmin(DecidedAdmin):
    """Changes that the traffic speaks for. Accepted, each becomes an ordinary change with history."""

    list_display = ["named", "change", "summary", "decided"]
    list_filter = ["state", "kind"]
    search_fields = ["subject"]
    actions = ["accept", "reject"]

    def get_fields(self, _request: HttpRequest, obj: Proposal | None = None) -> Any:
        """Thousands of weights say nothing to people: of learned success its evidence is shown, not its values."""
        shown = ["before", "after", "evidence"] if obj is None or obj.kind != ProposalKind.SUCCESS else ["lesson"]
        return [
            "kind",
            "subject",
            "detail",
            "summary",
            *shown,
            "state",
            "learned_in",
            "decided_by",
            "decided_at",
            "reason",
            "release",
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Proposal | None = None) -> Any:
        return [*super().get_readonly_fields(request, obj), "lesson"]

    @display(description="Evidence")
    def lesson(self, row: Proposal) -> SafeString:
        return render_to_string("experiments/learned_success.html", showing_evidence.context(row))

    @display(description="Proposal")
    def named(self, row: Proposal) -> str:
        return str(row)

    @display(description="Change")
    def change(self, row: Proposal) -> str:
        if row.kind == ProposalKind.SUCCESS:
            return showing_evidence.change(row.after)
        if isinstance(row.before, list):
            moved = next((one for one, other in zip(row.after, row.before, strict=True) if one != other), "")
            return f"{moved} one place up"
        return f"{row.before} → {row.after}"

    @display(
        description="State", label={"open": "info", "accepted": "success", "rejected": "danger", "outdated": "warning"}
    )
    def decided(self, row: Proposal) -> tuple[str, str]:
        return row.state, row.get_state_display()

    @action(description="Accept: make the change", permissions=["change"])
    @asks_why
    def accept(self, request: HttpRequest, found: QuerySet[Proposal], change: Change) -> None:
        self._decide(request, found, change, proposals.accept, "accepted")

    @action(description="Reject: leave everything as it is", permissions=["change"])
    @asks_why
    def reject(self, request: HttpRequest, found: QuerySet[Proposal], change: Change) -> None:
        self._decide(request, found, change, proposals.reject, "rejected")

    def _decide(self, request: HttpRequest, found: QuerySet[Proposal], change: Change, decide: Any, done: str) -> None:
        for row in found:
            try:
                decide(row, change)
            except (ValidationError, InvalidRelease) as refused:
                messages.error(request, f"{row}: {refused}")
            else:
                messages.success(request, f"{row}: {done}.")
