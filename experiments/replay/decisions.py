"""A recorded decision explained: made again from its releases, and whether they still decide the same."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from analytics.models import Record
from autorouter import availability_facts
from autorouter.decision import counterfactual, decision_json, explain
from autorouter.decision.ranking import Rankings
from autorouter.decision.router import decide
from autorouter.errors import RouterError
from autorouter.types import EMBEDDING, Candidate, Decision, Task
from experiments.errors import NotReproducible, UnknownOperation
from routerhub.releases import store
from routerhub.releases.errors import InvalidRelease, UnknownRelease

PARTS = frozenset({"task", "constraints", "availability", "fingerprint"})
"""What a record keeps of its decision."""
ANSWERED = frozenset({"success", "abandoned"})
"""Outcomes of requests that a model answered, if only for as long as somebody listened."""
OTHERWISE = "Decided again, it comes out otherwise: the code's rules have changed since."


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplainedDecision:
    """A record's decision, whole. `decision` is None where it could not be made again, and `problem` says why."""

    record: Record
    decision: Decision | None
    is_same: bool
    """The first candidates come out in the same order with the same scores and costs, and the model that answered, if one
    did, is among them."""
    problem: str

    @property
    def role(self) -> str:
        """What the model that the record names did: nothing where the request was refused before any call."""
        if self.record.outcome in ANSWERED:
            return "answered"
        return "called last" if self.record.attempts else ""

    @property
    def used(self) -> Candidate | None:
        """The candidate that did something: the first one, or after a fallback another."""
        candidates = self.decision.candidates if self.decision else ()
        return next((each for each in candidates if self.role and each.model == self.record.model), None)

    @property
    def task(self) -> Task | None:
        """As the record has it, whether or not it can be decided again. None: it keeps none."""
        raw = self.record.decision.get("task")
        return decision_json.task_of(raw) if raw else None

    @property
    def why(self) -> str:
        """One sentence; empty where the decision could not be made again."""
        return explain.why(self.decision, self.used) if self.decision else ""


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


def explained(record: Record) -> ExplainedDecision:
    """The decision of a record, made again from the releases and the facts that it names."""
    try:
        decision = reproduce(record)
    except NotReproducible as refused:
        return ExplainedDecision(record=record, decision=None, is_same=False, problem=str(refused))
    has_model = record.model in {"", *(each.model for each in decision.candidates)}
    is_same = has_model and decision_json.fingerprint(decision) == record.decision["fingerprint"]
    return ExplainedDecision(record=record, decision=decision, is_same=is_same, problem="" if is_same else OTHERWISE)


def reproduce(record: Record) -> Decision:
    """The whole decision, out of nothing but the record and what it names. Raises NotReproducible."""
    raw = record.decision
    if record.category == EMBEDDING:
        raise NotReproducible("Vectors were asked for by the name of their model, so nothing was chosen.")
    if not raw.keys() >= PARTS:
        raise NotReproducible("The record does not keep what its decision came from.")
    try:
        rankings = Rankings(
            catalogue=store.release("catalogue", record.catalogue_release),
            router=store.release("router", record.router_release),
            availability=availability_facts.read(raw["availability"]),
        )
        task, constraints = decision_json.task_of(raw["task"]), decision_json.constraints_of(raw["constraints"])
        return decide(rankings, task, constraints, record.created_at, enough=None)
    except (UnknownRelease, InvalidRelease, RouterError) as problem:
        raise NotReproducible(f"It cannot be decided again: {problem}") from problem


def as_json(found: ExplainedDecision) -> dict[str, Any]:
    """The whole story for the API."""
    record, decision, task = found.record, found.decision, found.task
    raw = record.decision
    whole = explain.as_json(decision) if decision else {"candidates": [], "excluded": []}
    return {
        "operation_id": str(record.operation_id),
        "at": record.created_at,
        "model": record.model,
        "requested_model": record.requested_model,
        "outcome": record.outcome,
        "fallback_used": record.fallback_used,
        "why": found.why,
        "releases": {"catalogue": record.catalogue_release, "router": record.router_release},
        "task": whole.get("task") or (explain.task_json(task) if task else None),
        "constraints": raw.get("constraints"),
        "rules": raw.get("constraints", {}).get("rules", []),
        "reproduced": found.is_same,
        "problem": found.problem,
        "candidates": whole["candidates"],
        "excluded": whole["excluded"],
        "runner_up": whole["candidates"][1] if len(whole["candidates"]) > 1 else None,
        "would_differ": list(counterfactual.changes(decision)) if decision else [],
    }
