"""Accepted lessons as a release: a draft that staff roll out, or, where they let it, a rollout by guarded steps."""

from collections.abc import Iterable, Mapping
from typing import Any

from autorouter.configuration import compiler, learned
from autorouter.configuration.compiler import LINE
from autorouter.decision import success
from autorouter.decision.success import Kind, LearnedSuccess
from experiments.choices import ProposalKind, ProposalState
from experiments.models import Proposal
from routerhub.audit.change import Change
from routerhub.releases import store

LABEL = "learned success"
NOTHING = LearnedSuccess(kinds={}, terms={})
"""Of a model of which what was learned is to be forgotten."""


def draft(proposals: Iterable[Proposal], change: Change) -> int:
    """The number of a draft with these lessons, and with those accepted before that went into no tables yet.

    Raises InvalidRelease.
    """
    asked = list(proposals)
    rounds = {each.learned_in_id for each in asked}
    accepted = Proposal.objects.filter(
        kind=ProposalKind.SUCCESS, state=ProposalState.ACCEPTED, learned_in__in=rounds
    ).order_by("pk")  # fmt: skip
    found = {each.subject: of(each.after) for each in [*accepted, *asked]}
    lessons = {model: None if lesson == NOTHING else lesson for model, lesson in found.items()}
    return store.draft(LINE, lambda: learned.write(lessons, change), change, LABEL)


def of(spelled: Mapping[str, Any]) -> LearnedSuccess:
    """What was learned, as a proposal keeps it."""
    kinds = {category: Kind(**facts) for category, facts in spelled["kinds"].items()}
    return LearnedSuccess(kinds=kinds, terms=success.read(spelled["terms"]))


def in_tables() -> dict[str, dict[str, Any]]:
    """By model, what the tables say was learned."""
    return compiler.learned_success()


def accepted_kinds() -> dict[str, set[str]]:
    """By model the kinds of task of which staff ever accepted what was learned."""
    found: dict[str, set[str]] = {}
    rows = Proposal.objects.filter(kind=ProposalKind.SUCCESS, state=ProposalState.ACCEPTED, decided_by__isnull=False)
    for model, after in rows.values_list("subject", "after"):
        found.setdefault(model, set()).update(after["kinds"])
    return found
