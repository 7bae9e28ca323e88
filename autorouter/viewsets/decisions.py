"""The decision for a request, without calling a model."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from django.db import DatabaseError
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from autorouter import keeping
from autorouter.budgeted import within_limits
from autorouter.classification.classify import read_locally
from autorouter.classification.vocabulary import numbered
from autorouter.decision import explain
from autorouter.decision.ranking import Rankings
from autorouter.encoder import reading
from autorouter.errors import NoCandidate
from autorouter.models import RouterConfiguration
from autorouter.people import preference_sets, sessions
from autorouter.people.preferences import NONE, Preferences
from autorouter.select import Asked, select, with_ids
from autorouter.serializers import SelectedSerializer, SelectSerializer
from autorouter.types import Candidate, Decision, RouterRelease, Task
from budgets.limits import outlook
from budgets.types import Caller, named_scopes
from models_registry import availability, probing, provider_keys
from models_registry.circuits import rows
from models_registry.types import HEALTHY, Availability
from routerhub.audit.permissions import Readers, TablePermissions
from routerhub.regions import Regions, restriction, strictest
from routerhub.releases import live

Value = TypeVar("Value")


class Asker(Protocol):
    """Who asks: by a key, or by a login. A request of the REST framework is one."""

    @property
    def auth(self) -> Any: ...

    @property
    def user(self) -> Any: ...


class SelectView(APIView):
    """The decision for a request, without calling a model: every candidate's score, and why the others are out."""

    permission_classes = [TablePermissions]
    table = RouterConfiguration
    readers: Readers = "routing"
    only_reads = True

    @extend_schema(request=SelectSerializer, responses=SelectedSerializer)
    def post(self, request: Request) -> Response:
        serializer = SelectSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
        rankings, now = rankings_of(request), datetime.now(UTC)
        decision = decided(request, values, rankings, now)
        left = limited(request, values, decision, rankings, now)
        if left.chosen is None:
            raise NoCandidate(left)
        told = explain.as_json(left)
        if values["record"]:
            selected = _selected(request, values, decision, left.chosen, rankings.availability, now)
            told["id"] = str(keeping.keep(selected))
        return Response(told)


def decided(request: Asker, values: dict[str, Any], rankings: Rankings, now: datetime) -> Decision:
    """The whole decision for what a SelectSerializer has read, before limits. Raises what select() and with_ids() raise."""
    refuses = isinstance(request.auth, Caller) and request.auth.refuses_stand_ins
    asked = _paused(request, values, _asked(request, values, rankings.router), now)
    asked = with_ids(rankings.catalogue, asked, now.date(), refuses)
    return select(rankings, asked, wanted_by(request), _task(values, rankings.router), now, None)


def wanted_by(request: Asker) -> Preferences:
    """The preferences that count for whoever asks."""
    return _known(lambda: preference_sets.of(*_whose(request)), NONE)


def _selected(
    request: Request,
    values: Mapping[str, Any],
    decision: Decision,
    candidate: Candidate,
    availability: Availability,
    at: datetime,
) -> keeping.Selected:
    """What is to be kept. Raises ValidationError: a selection belongs to the account of a key."""
    if not isinstance(request.auth, Caller):
        raise ValidationError({"record": "A selection is kept for the account of an API key: ask with one."})
    named = {name: values.get(name) or "" for name in ("task_type", "session", "task_id", "worker")}
    return keeping.Selected(
        caller=request.auth, decision=decision, candidate=candidate, availability=availability, at=at, **named,
        tags=tuple(values.get("tags", ())), metadata=values["metadata"],
    )  # fmt: skip


def _known(read: Callable[[], Value], otherwise: Value) -> Value:
    """What the database says, or what is said while it does not answer."""
    try:
        return read()
    except DatabaseError:
        return otherwise


def rankings_of(request: Asker) -> Rankings:
    """Of the caller's releases, for what can be called now: as the gateway's snapshot holds them."""
    releases, user = live.current(), _user_key(request)
    catalogue = releases.for_user("catalogue", user)
    health = _known(probing.measured, HEALTHY)
    measured = _known(availability.measured, availability.UNMEASURED)
    availability.hold(_known(provider_keys.read, availability.held()))
    out = rows.still_open(_known(rows.read, ()), time.monotonic())
    return Rankings(
        catalogue=catalogue,
        router=releases.for_user("router", user),
        availability=availability.current(
            catalogue.providers.values(), health, *measured, open_circuits=rows.out_of(catalogue, out)
        ),
    )


def _whose(request: Asker) -> tuple[int | None, int | None, int | None]:
    """Account and user by whose preferences it goes, and the set that the key pins. A login is in no account."""
    if isinstance(caller := request.auth, Caller):
        return caller.account_id, caller.user_id, caller.preferences_id
    return None, request.user.pk, None


def _user_key(request: Asker) -> str:
    """Whom a rollout counts as the same: the user, or else the key."""
    caller = request.auth
    if isinstance(caller, Caller):
        return f"{caller.user_id or f'key {caller.key_id}'}"
    return f"{request.user.pk}"


def _key_models(request: Asker, router: RouterRelease) -> frozenset[str] | None:
    """The models that the key is bound to. None: any."""
    scope = request.auth.scope if isinstance(request.auth, Caller) else None
    return scope.allowed_models({name: each.models for name, each in router.policies.items()}) if scope else None


def _asked(request: Asker, values: dict[str, Any], router: RouterRelease) -> Asked:
    candidates = values.get("candidates")
    return Asked(
        policy=values.get("policy"),
        task_type=values.get("task_type", ""),
        candidates=None if candidates is None else tuple(candidates),
        priority=values["priority"],
        previous_model=values.get("previous_model"),
        session_model=_session_model(request, values.get("session")),
        max_cost_usd=values.get("max_cost_usd"),
        max_latency_ms=values.get("max_latency_ms"),
        max_output_tokens=values.get("max_output_tokens"),
        tags=tuple(values.get("tags", ())),
        regions=_regions(request, values.get("region", ())),
        key_models=_key_models(request, router),
        allow_pro=isinstance(request.auth, Caller) and request.auth.is_pro,
        unpriced_usd=request.auth.unpriced_usd if isinstance(request.auth, Caller) else None,
    )


def _paused(request: Asker, values: dict[str, Any], asked: Asked, now: datetime) -> Asked:
    """The same without what a limit that counts the caller pauses."""
    if not isinstance(caller := request.auth, Caller):
        return asked
    pause = _known(lambda: outlook.pause(caller, _named(values), now), None)
    return replace(asked, max_tier=pause.max_tier, paused_by=str(pause)) if pause else asked


def limited(
    request: Asker, values: Mapping[str, Any], decision: Decision, rankings: Rankings, now: datetime
) -> Decision:
    """The same without whoever a limit of the caller's has no room for."""
    if not isinstance(caller := request.auth, Caller):
        return decision
    return _known(lambda: within_limits(decision, rankings, caller, _named(values), now), decision)


def _named(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The scopes that a request names itself."""
    names = {name: values.get(name) or "" for name in ("session", "task_id", "worker")}
    return named_scopes(**names, tags=tuple(values.get("tags", ())))


def _regions(request: Asker, asked: Sequence[str]) -> Regions:
    """Those that request, key and account allow in common. Raises ValidationError where the request's own are none of theirs."""
    own = request.auth.regions if isinstance(request.auth, Caller) else None
    found = strictest(own, restriction(asked))
    if asked and not found:
        raise ValidationError({"region": f"Allowed for this key are {', '.join(sorted(own or ())) or 'none'}."})
    return found


def _session_model(request: Asker, session: str | None) -> str | None:
    """The model of the conversation that is named. Conversations belong to the account of a key."""
    if not session or not isinstance(request.auth, Caller):
        return None
    account = request.auth.account_id
    return _known(lambda: sessions.previous_model(account, session), None)


def _task(values: dict[str, Any], router: RouterRelease) -> Task:
    """As it was given, or as a request would be read."""
    if "task" in values:
        given = values["task"]
        return Task(**{**given, "needs": frozenset(given["needs"]), "origin": "given"})
    structured = values.get("response_format", {}).get("type") in {"json_object", "json_schema"}
    read = read_locally(values["messages"], bool(values.get("tools")), structured, values["stream"])
    return reading.task_of(numbered(read, router), router.config)
