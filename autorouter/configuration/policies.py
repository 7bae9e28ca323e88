"""Policies: their next version, which version is active, and the places by which performance moved their models."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.timezone import now

from autorouter.configuration import save
from autorouter.decision.ordering import Shift
from autorouter.models import Policy, PolicyShift
from routerhub.audit import history
from routerhub.audit.change import Change
from routerhub.releases import rollout


@transaction.atomic
def add_version(values: Mapping[str, Any], change: Change) -> Policy:
    """The next version of a policy, active from now on. Raises ValidationError, InvalidRelease."""
    row = Policy(**values)
    make_next(row, change)
    save.change_row(row, change)
    return row


def every_name() -> set[str]:
    """Of every policy, whichever of its versions is active."""
    return set(Policy.objects.values_list("name", flat=True))


def active_names() -> list[str]:
    """Of those that can be chosen."""
    return sorted(Policy.objects.filter(is_active=True).values_list("name", flat=True))


def title(name: str) -> str:
    """The title of a policy's newest version, or where there is none its name: for whoever gives none."""
    newest = Policy.objects.filter(name=name).order_by("-version").first()
    return newest.title if newest else name


def make_next(row: Policy, change: Change) -> None:
    """Let a row that is not saved yet be the next version of its policy, in place of the active one. What it was read from
    stays as it was."""
    newest = Policy.objects.select_for_update().filter(name=row.name).order_by("-version").first()
    row.pk, row._state.adding = None, True
    row.version, row.is_active = newest.version + 1 if newest else 1, True
    _deactivate(row.name, change)


@transaction.atomic
def activate(name: str, version: int, change: Change) -> Policy:
    """Let a version take the place of the active one. Raises ValidationError, InvalidRelease."""
    row = Policy.objects.filter(name=name, version=version).first()
    if row is None:
        raise ValidationError({"version": f"Policy {name!r} has no version {version}."})
    _deactivate(name, change)
    row.is_active = True
    save.change_row(row, change)
    return row


@transaction.atomic
def deactivate(name: str, change: Change) -> None:
    """Let nobody use a policy. Raises ValidationError where it is not active, InvalidRelease where a task type needs it."""
    if not Policy.objects.filter(name=name, is_active=True).exists():
        raise ValidationError({"name": f"There is no active policy {name!r}."})
    _deactivate(name, change)
    save.publish(change)


def _deactivate(name: str, change: Change) -> None:
    for row in Policy.objects.filter(name=name, is_active=True):
        row.is_active = False
        history.stamp(row, change)
        row.save()


def adjustable() -> list[Policy]:
    """The active policies whose order performance may move, and those that it has moved and may no longer."""
    moved = PolicyShift.objects.values_list("policy", flat=True).distinct()
    active = Policy.objects.filter(is_active=True)
    return list(active.filter(adjust_max_places__gt=0) | active.filter(name__in=moved))


def shift(policy: str, shifts: Mapping[str, Shift], change: Change) -> None:
    """Keep by how many places each model is moved, and the evidence. Publishes nothing."""
    rows = {row.model: row for row in PolicyShift.objects.select_for_update().filter(policy=policy)}
    history.delete([row for model, row in rows.items() if model not in shifts], change)
    for model, found in shifts.items():
        row = rows.get(model) or PolicyShift(policy=policy, model=model, since=now(), places=0)
        if row.places != found.places:
            row.since = now()
        row.places, row.evidence = found.places, {"summary": found.reason}
        history.stamp(row, change)
        row.save()


@transaction.atomic
def undo_shift(row: PolicyShift, change: Change) -> None:
    """Put a model back to the place that staff wrote. Raises InvalidRelease."""
    history.stamp(row, change)
    row.delete()
    save.publish(change)


def reorder(name: str, before: Sequence[str], after: Sequence[str], change: Change) -> int:
    """The active policy's models in another order, as its next version. Raises ValidationError where it changed meanwhile."""
    row = Policy.objects.filter(name=name, is_active=True).first()
    if row is None or row.model_ids != list(before):
        raise ValidationError(f"Policy {name!r} is not as it was when this was proposed.")
    same = ("name", "title", "max_cost_usd", "max_output_tokens", "temperature", "hedge_after_ms", "orders_by_complexity",
            "adjust_max_places", "adjust_min_requests", "adjust_margin")  # fmt: skip
    add_version({**{field: getattr(row, field) for field in same}, "model_ids": list(after)}, change)
    return rollout.pointers()["router"].stable
