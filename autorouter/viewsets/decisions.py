"""The decision for a request, without calling a model."""

from datetime import UTC, datetime
from typing import Any

from django.db import DatabaseError
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from autorouter.decision import explain
from autorouter.decision.classify import classify
from autorouter.decision.router import decide
from autorouter.errors import NoCandidate, UnknownTaskType
from autorouter.models import RouterConfiguration
from autorouter.people import preferences, sessions
from autorouter.serializers import SelectSerializer
from autorouter.types import Constraints, RouterRelease, Task
from budgets.types import Caller
from models_registry import availability, probing
from models_registry.types import HEALTHY, Health
from routerhub.audit.permissions import Readers, TablePermissions
from routerhub.releases import live


class SelectView(APIView):
    """The decision for a request, without calling a model: every candidate's score, and why the others are out."""

    permission_classes = [TablePermissions]
    table = RouterConfiguration
    readers: Readers = "routing"
    only_reads = True

    @extend_schema(request=SelectSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        serializer = SelectSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        asked = serializer.validated_data
        releases, user = live.current(), _user_key(request)
        catalogue, router = releases.for_user("catalogue", user), releases.for_user("router", user)
        now, task, session_model = datetime.now(UTC), _task(asked), _session_model(request, asked)
        constraints = preferences.apply(
            preferences.usable(_preferences(request), router.policies),
            _constraints(asked, router, session_model),
            asked["priority"],
            task,
            asked.get("tags", ()),
            now,
        )
        availability_now = availability.current(catalogue.providers.values(), _health())
        decision = decide(catalogue, router, task, constraints, availability_now, now)
        if decision.chosen is None:
            raise NoCandidate(decision)
        return Response(explain.as_json(decision))


def _preferences(request: Request) -> preferences.Preferences:
    """The user's own; none while the database does not answer."""
    try:
        return preferences.of_user(request.auth.user_id if isinstance(request.auth, Caller) else request.user.pk)
    except DatabaseError:
        return preferences.NONE


def _health() -> Health:
    """What probes found; nothing while the database does not answer."""
    try:
        return probing.measured()
    except DatabaseError:
        return HEALTHY


def _user_key(request: Request) -> str:
    """Whom a rollout counts as the same: the user, or else the key."""
    caller = request.auth
    if isinstance(caller, Caller):
        return f"{caller.user_id or f'key {caller.key_id}'}"
    return f"{request.user.pk}"


def _session_model(request: Request, asked: dict[str, Any]) -> str | None:
    """The model of the conversation that is named, where the request names no model of its own."""
    if asked.get("previous_model") or not asked.get("session") or not isinstance(request.auth, Caller):
        return None
    return sessions.previous_model(request.auth.account_id, asked["session"])


def _task(asked: dict[str, Any]) -> Task:
    if "task" in asked:
        given = asked["task"]
        return Task(**{**given, "needs": frozenset(given["needs"]), "origin": "given"})
    structured = asked.get("response_format", {}).get("type") in {"json_object", "json_schema"}
    return classify(asked["messages"], bool(asked.get("tools")), structured, asked["stream"])


def _constraints(asked: dict[str, Any], router: RouterRelease, session_model: str | None) -> Constraints:
    task_type = asked.get("task_type")
    if task_type and task_type not in router.task_types:
        raise UnknownTaskType(task_type, router.task_types)
    candidates = asked.get("candidates")
    return Constraints(
        previous_model=asked.get("previous_model") or session_model,
        keeps_model=session_model is not None,
        candidates=None if candidates is None else tuple(candidates),
        policy=asked.get("policy") or router.task_types.get(task_type or ""),
        max_cost_usd=asked.get("max_cost_usd"),
        max_latency_ms=asked.get("max_latency_ms"),
        max_output_tokens=asked.get("max_output_tokens"),
    )
