"""Which variant of which test a request gets. Where no test runs, that costs a look at an empty list.

A request takes part where the router is to choose: not where it names a model, by itself or as the only candidate. It takes part
before anything of it can be refused that a variant may have a share in, and whatever becomes of it counts for its variant.
"""

from collections.abc import Iterator
from dataclasses import replace

from autorouter.people.sessions import Recalled
from experiments.ab.assignment import Asker
from experiments.ab.types import TreatmentKind
from routerhub.gateway.operation import Arrival
from routerhub.gateway.protocols.base import AUTO, POLICY_PREFIX
from routerhub.gateway.snapshots.snapshots import Snapshot
from routerhub.releases import switches

ROUTER = "router"
"""The line of releases that a variant may name."""


def assigned(snapshot: Snapshot, arrival: Arrival, recalled: Recalled) -> Arrival:
    """The arrival with its variant, and on the release of the router that this names."""
    if not snapshot.variants.running or not _is_to_choose(arrival):
        return arrival
    caller, session = arrival.caller, arrival.request.controls.session
    asker = Asker(
        account_id=caller.account_id, user_id=caller.user_id, key_id=caller.key_id, session=session, kept=recalled.variant,
        deaf=frozenset(_deaf(arrival)),
    )  # fmt: skip
    variant = snapshot.variants.of(asker, session or str(arrival.id))
    if variant is None:
        return arrival
    if variant.policy and variant.policy not in arrival.rankings.router.policies:
        variant = replace(variant, policy=None)  # it was taken out since: nobody is refused for that
    if variant.release is not None:
        return replace(arrival, variant=variant, rankings=snapshot.tested(arrival.rankings, variant.release))
    if variant.preferences is not None:
        return replace(arrival, variant=variant, caller=replace(caller, preferences_id=variant.preferences))
    return replace(arrival, variant=variant)


def _is_to_choose(arrival: Arrival) -> bool:
    model, candidates = arrival.request.model, arrival.request.controls.candidates
    return (model == AUTO or model.startswith(POLICY_PREFIX)) and (candidates is None or len(candidates) > 1)


def _deaf(arrival: Arrival) -> Iterator[TreatmentKind]:
    """What the request cannot be told: another policy where it names one or its key is bound, other preferences where its key
    pins some, and another release than the one in the code while the switch is off."""
    controls, scope = arrival.request.controls, arrival.caller.scope
    if (
        controls.policy
        or controls.task_type
        or arrival.request.model != AUTO
        or (scope and (scope.models or scope.policies))
    ):
        yield "policy"
    if arrival.caller.preferences_id is not None:
        yield "preferences"
    if not switches.is_on(ROUTER):
        yield "release"
