"""What a record keeps of its decision, and read back: with the releases that it names, all that the decision came from."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson

from autorouter.decision.explain import candidate_json, task_json, why
from autorouter.types import Candidate, Constraints, Decision, Task
from models_registry import availability
from models_registry.types import Availability, Health


def as_json(decision: Decision, taken: Candidate, reach: Availability, now: datetime) -> dict[str, Any]:
    """All that the releases it names need to decide the same again, and the outcome in short."""
    runner_up = next((each for each in decision.candidates if each.model != taken.model), None)
    return {
        "at": now.isoformat(),
        "task": task_json(decision.task),
        "constraints": constraints_json(decision.constraints),
        "availability": availability_json(reach),
        "why": why(decision),
        "taken": candidate_json(taken),
        "runner_up": candidate_json(runner_up) if runner_up else None,
        "candidates": len(decision.candidates),
        "excluded": len(decision.excluded),
    }


def dumps(decision: Decision, availability_digest: str) -> bytes:
    """All that with the releases reproduces it."""
    taken = decision.candidates[0] if decision.candidates else None
    return orjson.dumps(
        {
            "at": datetime.now(UTC).isoformat(),
            "task": task_json(decision.task),
            "constraints": constraints_json(decision.constraints),
            "availability": availability_json(availability.KNOWN[availability_digest]),
            "why": why(decision),
            "taken": candidate_json(taken) if taken else None,
            "runner_up": candidate_json(decision.candidates[1]) if len(decision.candidates) > 1 else None,
            "candidates": len(decision.candidates),
            "excluded": len(decision.excluded),
        }
    )


def constraints_json(constraints: Constraints) -> dict[str, Any]:
    """Every field that is not as it is by default."""
    return {
        field.name: _plain(value)
        for field in fields(Constraints)
        if (value := getattr(constraints, field.name)) != field.default
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, frozenset):
        return sorted(value)
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def availability_json(reach: Availability) -> dict[str, Any]:
    return {
        "providers": sorted(reach.providers),
        "sandbox": reach.sandbox,
        "open_circuits": sorted(reach.open_circuits),
        "down": sorted(reach.health.down),
        "degraded": sorted(reach.health.degraded),
        "latency_ms": dict(reach.latency_ms),
    }


# --- read back


def task_of(raw: Mapping[str, Any]) -> Task:
    """The task that a record describes."""
    values = {name: value for name, value in raw.items() if name != "long_context"}
    return Task(**{**values, "needs": frozenset(raw["needs"]), "is_long_context": raw.get("long_context", False)})


def constraints_of(raw: Mapping[str, Any]) -> Constraints:
    """The wish that a record keeps."""
    values = {name: _read[name](value) if name in _read and value is not None else value for name, value in raw.items()}
    known = {field.name for field in fields(Constraints) if field.default is not MISSING}
    return Constraints(**{name: value for name, value in values.items() if name in known})


def _allowed(raw: Any) -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    return tuple((frozenset(providers), frozenset(models)) for providers, models in raw)


_read: Mapping[str, Any] = {
    "candidates": tuple,
    "rules": tuple,
    "max_cost_usd": Decimal,
    "allowed": _allowed,
    **dict.fromkeys(("blocked_providers", "blocked_models", "preferred_providers", "preferred_models"), frozenset),
}


def availability_of(raw: Mapping[str, Any]) -> Availability:
    """The reach that a record keeps."""
    return Availability(
        providers=frozenset(raw["providers"]),
        sandbox=raw["sandbox"],
        open_circuits=frozenset(raw.get("open_circuits", ())),
        health=Health(down=frozenset(raw.get("down", ())), degraded=frozenset(raw.get("degraded", ()))),
        latency_ms=raw.get("latency_ms", {}),
    )
