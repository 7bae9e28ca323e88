"""What a record keeps of its decision: with the releases that it names, all that the decision came from. And read back.

{"task", "constraints", "availability", "fingerprint"}: the first two without what is as by default, the third the digest of what
could be called (autorouter.availability_facts). The moment is the record's own. No sentence, no candidate, no reason: those
are made again by whoever asks.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any

import orjson

from autorouter.decision.router import ENOUGH
from autorouter.types import EMBEDDING, Category, Constraints, Decision, Likely, Reading, Task

DEFAULTS = {field.name: field.default for field in fields(Constraints)}


def dumps(decision: Decision, availability_digest: str) -> bytes:
    """The decision as a record keeps it. It was looked for with `enough` of ENOUGH or more. Where vectors were asked for
    nothing was chosen, so nothing is kept to choose again."""
    kept = {"task": task_to_json(decision.task), "constraints": constraints_to_json(decision.constraints)}
    if decision.task.category == EMBEDDING:
        return orjson.dumps(kept)
    return orjson.dumps({**kept, "availability": availability_digest, "fingerprint": fingerprint(decision)})


def task_columns(task: Task) -> dict[str, Any]:
    """What of the task has columns of its own in a record."""
    confidence = task.confidence
    return {
        "category": task.category, "complexity": task.complexity, "second": task.second or "", "read_by": task.read_by,
        "confidence": None if confidence is None else float(confidence),
    }  # fmt: skip


def fingerprint(decision: Decision) -> str:
    """Stands for the first ENOUGH candidates in their order, each with its exact score and estimated cost."""
    first = [
        f"{each.model} {each.score.normalize()} {each.estimated_cost_usd.normalize()}"
        for each in decision.candidates[:ENOUGH]
    ]
    return hashlib.blake2b("\n".join(first).encode(), digest_size=8).hexdigest()


def task_to_json(task: Task) -> dict[str, Any]:
    """The task without its long context, which follows from its size and the release."""
    found: dict[str, Any] = {
        "category": task.category,
        "complexity": task.complexity,
        "input_tokens": task.input_tokens,
        "origin": task.origin,
    }
    if task.needs:
        found["needs"] = sorted(task.needs)
    if task.likely:
        found["likely"] = likely_to_json(task.likely)
    if task.readings:
        found["readings"] = [
            {
                "by": each.by,
                "likely": likely_to_json(each.likely),
                "complexity": each.complexity,
                "took_us": each.took_us,
            }
            for each in task.readings
        ]
    if task.terms:
        found["terms"] = list(task.terms)
    return found


def likely_to_json(likely: Likely) -> list[tuple[Category, float]]:
    """Categories with their probabilities; a list, since a database keeps no order of an object's names."""
    return [(category, float(share)) for category, share in likely]


def constraints_to_json(constraints: Constraints) -> dict[str, Any]:
    """Every field that is not as it is by default."""
    return {
        name: _plain(value) for name, default in DEFAULTS.items() if (value := getattr(constraints, name)) != default
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, frozenset):
        return sorted(value)
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


# --- read back


def task_of(raw: Mapping[str, Any]) -> Task:
    """The task that a record describes."""
    return Task(
        **{
            **raw,
            "needs": frozenset(raw.get("needs", ())),
            "likely": _likely(raw.get("likely", ())),
            "readings": tuple(
                Reading(**{**each, "likely": _likely(each["likely"])}) for each in raw.get("readings", ())
            ),
            "terms": tuple(raw.get("terms", ())),
        }
    )


def _likely(raw: Iterable[tuple[Category, float]]) -> Likely:
    return tuple([(category, Decimal(str(share))) for category, share in raw])


def constraints_of(raw: Mapping[str, Any]) -> Constraints:
    """The constraints that a record keeps."""
    return Constraints(
        **{
            name: _read[name](value) if name in _read and value is not None else value
            for name, value in raw.items()
            if name in DEFAULTS
        }
    )


def _allowed(raw: Any) -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    return tuple((frozenset(providers), frozenset(models)) for providers, models in raw)


_read: Mapping[str, Any] = {
    "candidates": tuple,
    "rules": tuple,
    "tested": tuple,
    "leads": tuple,
    "max_cost_usd": Decimal,
    "unpriced_usd": Decimal,
    "allowed": _allowed,
    "stand_ins": lambda raw: tuple((model, asked) for model, asked in raw),
    **dict.fromkeys(
        ("blocked_providers", "blocked_models", "preferred_providers", "preferred_models", "regions", "key_models"),
        frozenset,
    ),
}
