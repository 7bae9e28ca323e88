"""Policies' orders adjusted by measured performance, within what staff allow. Each round that changes something is a release."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Count, Q
from django.utils.timezone import now

from analytics.models import Record
from autorouter.configuration import compiler, policies, save
from autorouter.decision import ordering
from autorouter.decision.ordering import Bounds, Measured, Shift
from routerhub.audit.change import Change

WINDOW = timedelta(days=1)
BLAMELESS = ("abandoned", "refused")
"""Outcomes that say nothing of the model: the caller left, or was refused before any call."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """What one round changed."""

    policy: str
    shifts: dict[str, Shift]


def measured(policy: str, window: timedelta = WINDOW) -> dict[str, Measured]:
    """How each model did in a policy lately. A failed attempt counts for the model that failed.

    What came from the cache counts for none, nor does an attempt that was cut since another one was quicker.
    """
    recent = Record.objects.filter(policy=policy, created_at__gte=now() - window, saved_nano=None).order_by()
    recent = recent.exclude(outcome__in=BLAMELESS)
    rows = recent.values("model").annotate(
        all=Count("operation_id"), good=Count("operation_id", filter=Q(outcome="success"))
    )
    found = {row["model"]: [row["all"], row["good"]] for row in rows}
    for record_model, attempts in recent.filter(fallback_used=True).values_list("model", "attempts"):
        failed = (each for each in attempts if each.get("error") and not each.get("was_cut"))
        for model in {each["model"] for each in failed} - {record_model}:
            found.setdefault(model, [0, 0])[0] += 1
    return {model: Measured(requests=total, successes=good) for model, (total, good) in found.items()}


@transaction.atomic
def adjust_all() -> list[Round]:
    """One round over every policy that staff let be adjusted. Publishes what changed."""
    rounds = []
    for policy in policies.adjustable():
        bounds = Bounds(
            min_requests=policy.adjust_min_requests, max_places=policy.adjust_max_places,
            margin=float(policy.adjust_margin) / 100,
        )  # fmt: skip
        before = compiler.current_shifts().get(policy.name, {})
        shifts = ordering.adjust(policy.model_ids, measured(policy.name), before, bounds)
        if {model: shift.places for model, shift in shifts.items()} != before:
            policies.shift(policy.name, shifts, Change(reason=_reason(policy.name, shifts, before)))
            rounds.append(Round(policy=policy.name, shifts=shifts))
    if rounds:
        save.publish(Change(reason="; ".join(_reason(each.policy, each.shifts, {}) for each in rounds)))
    return rounds


def _reason(policy: str, shifts: dict[str, Shift], before: dict[str, int]) -> str:
    moves = [f"{model} {shift.places:+d} ({shift.reason})" for model, shift in shifts.items()]
    moves += [f"{model} back to its place" for model in before if model not in shifts]
    return f"adjusted {policy} by performance: {', '.join(moves) or 'every model back to its place'}"
