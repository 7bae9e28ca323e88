"""A recorded decision told and made again: why this model, and whether its releases still decide the same to the bit."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from analytics.models import Record
from autorouter.decision import counterfactual, decision_json, explain
from autorouter.decision.router import decide
from autorouter.errors import RouterError
from autorouter.types import Decision
from experiments.errors import NotReproducible, UnknownOperation
from models_registry.catalogue import bundles as catalogue_bundles
from routerhub.releases import store
from routerhub.releases.errors import InvalidRelease, UnknownRelease


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A record's decision. `decision` is None where it could not be made again, and `problem` says why."""

    record: Record
    decision: Decision | None
    is_same: bool
    problem: str


def find(operation_id: UUID | str, among: QuerySet[Record]) -> Record:
    """The record of a request, among those that whoever asks may see. Raises UnknownOperation."""
    try:
        wanted = operation_id if isinstance(operation_id, UUID) else UUID(operation_id)
    except ValueError as problem:
        raise UnknownOperation(repr(operation_id)) from problem
    record = among.filter(operation_id=wanted).first()
    if record is None:
        raise UnknownOperation(wanted)
    return record


def tell(record: Record) -> Told:
    """The decision of a record, made again from the releases that it names."""
    try:
        decision = reproduce(record)
    except NotReproducible as refused:
        return Told(record=record, decision=None, is_same=False, problem=str(refused))
    is_same = kept(decision, record) == record.decision
    problem = "" if is_same else "Decided again, it comes out otherwise: the code's rules have changed since."
    return Told(record=record, decision=decision, is_same=is_same, problem=problem)


def reproduce(record: Record) -> Decision:
    """The decision, out of nothing but the record and its releases. Raises NotReproducible."""
    raw = record.decision
    if not {"task", "constraints", "availability", "at"} <= raw.keys():
        raise NotReproducible("The record does not keep what its decision came from.")
    try:
        catalogue = store.release("catalogue", record.catalogue_release)
        router = store.release("router", record.router_release)
        return decide(
            catalogue, router, decision_json.task_of(raw["task"]), decision_json.constraints_of(raw["constraints"]),
            decision_json.availability_of(raw["availability"]), catalogue_bundles.moment(raw["at"]),
        )  # fmt: skip
    except (UnknownRelease, InvalidRelease, RouterError) as problem:
        raise NotReproducible(f"It cannot be decided again: {problem}") from problem


def kept(decision: Decision, record: Record) -> dict[str, Any]:
    """What a record would keep of this decision, to be compared with what it does keep."""
    raw = record.decision
    taken = next((each for each in decision.candidates if each.model == record.model), None)
    if taken is None:
        return {}
    return decision_json.as_json(
        decision, taken, decision_json.availability_of(raw["availability"]), catalogue_bundles.moment(raw["at"])
    )


def as_json(told: Told) -> dict[str, Any]:
    """The whole story for the API."""
    record = told.record
    story = {
        "operation_id": str(record.operation_id),
        "at": record.created_at,
        "model": record.model,
        "requested_model": record.requested_model,
        "outcome": record.outcome,
        "fallback_used": record.fallback_used,
        "why": record.decision.get("why", ""),
        "releases": {"catalogue": record.catalogue_release, "router": record.router_release},
        "task": record.decision.get("task"),
        "constraints": record.decision.get("constraints"),
        "rules": record.decision.get("constraints", {}).get("rules", []),
        "reproduced": told.is_same,
        "problem": told.problem,
    }
    if told.decision is None:
        return {
            **story,
            "candidates": [],
            "excluded": [],
            "runner_up": record.decision.get("runner_up"),
            "would_differ": [],
        }
    full = explain.as_json(told.decision)
    second = full["candidates"][1] if len(full["candidates"]) > 1 else None
    return {
        **story, "candidates": full["candidates"], "excluded": full["excluded"], "runner_up": second,
        "would_differ": list(counterfactual.changes(told.decision)),
    }  # fmt: skip
