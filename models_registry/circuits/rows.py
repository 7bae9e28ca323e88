"""Open circuits as they stand in the database, and what is out because of them."""

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import CharField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Concat, Now

from models_registry import availability
from models_registry.circuits.breaker import Circuit, key_there, told_of
from models_registry.models import Circuit as Row
from models_registry.models import Deployment
from models_registry.types import SANDBOX, Catalogue, Provider
from routerhub.releases import notify

ANNOUNCED = "circuits"
ENDED = Q(is_limit=True, until__lt=Now())


def living() -> QuerySet[Row]:
    """Those that are open or half-open: a limit is over at its reset."""
    return Row.objects.exclude(ENDED)


def read() -> tuple[Circuit, ...]:
    """The same as values. Raises DatabaseError."""
    rows, moment = list(living().annotate(at=Now())), time.monotonic()
    return tuple(
        Circuit(
            subject=row.subject,
            since=row.since,
            until=moment + (row.until - row.at).total_seconds() if row.until else math.inf,
            reason=row.reason,
            times=row.times,
            is_limit=row.is_limit,
        )
        for row in rows
    )


def close(subjects: Iterable[str]) -> int:
    """Let calls through again: what staff say. Returns how many were open."""
    with transaction.atomic():
        closed = Row.objects.filter(subject__in=list(subjects)).delete()[0]
        if closed:
            notify.announce(ANNOUNCED)
    return closed


def forget_ended() -> int:
    """Delete the limits whose reset has passed. Returns how many."""
    return Row.objects.filter(ENDED).delete()[0]


def with_circuit(deployments: QuerySet[Deployment]) -> QuerySet[Deployment]:
    """Adds `circuit_since` and `circuit_reason` of a circuit of each deployment, or of a key at it: null where none is open."""
    place = Concat(OuterRef("provider_id"), Value("/"), OuterRef("upstream_model"), output_field=CharField())
    at_it = Q(subject=place) | Q(subject__startswith=Concat(place, Value(key_there("", ""))))
    own = living().filter(at_it).order_by("subject")
    return deployments.annotate(
        circuit_since=Subquery(own.values("since")[:1]), circuit_reason=Subquery(own.values("reason")[:1])
    )


def standing(deployments: QuerySet[Deployment]) -> list[Any]:
    """The same as rows to show: `out` is what is told of the circuit of each."""
    rows: list[Any] = list(with_circuit(deployments))
    for row in rows:
        row.out = told(row)
    return rows


def told(row: Any) -> str | None:
    """What is told of the circuit of such a deployment. None: it is closed."""
    return row.circuit_since and told_of(row.circuit_since, row.circuit_reason)


# --- what is out


def still_open(circuits: Iterable[Circuit], at: float) -> Mapping[str, Circuit]:
    """Those that are open at a moment (monotonic seconds), by subject."""
    return {each.subject: each for each in circuits if each.is_open(at)}


def out_of(catalogue: Catalogue, circuits: Mapping[str, Circuit]) -> Mapping[str, str]:
    """The deployments of a catalogue that are out, with what is to be told of it."""
    if not circuits:
        return {}
    places = {place.id: place.provider for model in catalogue.models.values() for place in model.deployments}
    places |= {f"{SANDBOX}/{name}": SANDBOX for name in catalogue.models}
    found = {place: why(place, catalogue.providers.get(host), circuits) for place, host in places.items()}
    return {place: text for place, text in found.items() if text}


def why(deployment: str, provider: Provider | None, circuits: Mapping[str, Circuit]) -> str:
    """Why a deployment is out: its own circuit is open, or that of each of its keys. Empty: it is not."""
    if deployment in circuits:
        return circuits[deployment].text
    keys: Sequence[str] = [key.id for key in availability.keys(provider)] if provider else ()
    resting = [circuits.get(key) or circuits.get(key_there(deployment, key)) for key in keys]
    return resting[0].text if resting and resting[0] and all(resting) else ""
