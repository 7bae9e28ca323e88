"""Trying out and explaining in the REST API."""

from dataclasses import replace

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.models import Record
from autorouter.models import RouterConfiguration
from autorouter.people import preference_sets
from autorouter.serializers import PreferenceValuesSerializer
from autorouter.viewsets.preferences import WHOSE, demand_may_change, owner_of, set_of
from budgets.people.authentication import caller_of
from experiments.replay import backtest, decisions, rule_effects
from experiments.serializers.replay import BacktestSerializer, PreviewSerializer
from routerhub.audit.permissions import Readers, TablePermissions
from routerhub.audit.serializers import valid
from routerhub.releases.models import Release

BOUNDS = ("max_cost_increase", "max_latency_increase", "max_quality_loss", "max_moved")


class PreviewView(APIView):
    """POST /api/router/preview: what values that are not saved yet would do to the last requests."""

    permission_classes = [TablePermissions]
    table = RouterConfiguration
    only_reads = True

    @extend_schema(request=PreviewSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        serializer = PreviewSerializer(data=request.data)
        report = backtest.preview(valid(serializer)["changes"], serializer.chosen(caller_of(request)))
        return Response(backtest.as_json(report))


class BacktestView(APIView):
    """POST /api/backtests: what a release, a draft included, would do otherwise than what is live."""

    permission_classes = [TablePermissions]
    table = Release
    only_reads = True

    @extend_schema(request=BacktestSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        serializer = BacktestSerializer(data=request.data)
        asked = valid(serializer)
        pair = backtest.Pair(catalogue=asked["catalogue"], router=asked["router"])
        bounds = backtest.Bounds(**{name: asked[name] for name in BOUNDS})
        report = backtest.run(pair, serializer.chosen(caller_of(request)), instead=asked["instead"])
        return Response(backtest.as_json(report, bounds))


class DecisionView(APIView):
    """GET /api/decisions/{id}: why a request got its model, term by term, made again from its releases."""

    permission_classes = [TablePermissions]
    table = Record
    readers: Readers = "routing"
    by_account = True

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, operation_id: str) -> Response:
        record = decisions.find(operation_id, Record.objects.for_caller(request.user))
        return Response(decisions.as_json(decisions.explained(record)))


class TrialView(APIView):
    """POST /api/preferences/trial: what values that are not saved yet would do to the last 1,000 requests: of yours, by ?account=
    of an account's; to the active set, or to another one by ?set=ID. By a key those in its account alone."""

    permission_classes = [IsAuthenticated]
    only_reads = True

    @extend_schema(
        parameters=[*WHOSE, OpenApiParameter("set", int)], request=PreferenceValuesSerializer(partial=True),
        responses=OpenApiTypes.OBJECT,
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        caller, owner = caller_of(request), owner_of(request)
        demand_may_change(request, owner)
        row = set_of(request, owner)
        for name, value in valid(PreferenceValuesSerializer(row, data=request.data, partial=True)).items():
            setattr(row, name, value)
        row.full_clean(exclude=["is_active"])
        found = rule_effects.trial(row, caller.account_id if caller else None)
        return Response({**backtest.as_json(found.report), "rules": rule_effects.as_json(found.effects)})


class RuleEffectsView(APIView):
    """GET /api/preferences/rules/effects: what each of your rules did over your last requests; by a key, its account's."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        caller = caller_of(request)
        user_id = caller.user_id if caller else request.user.pk
        if user_id is None:
            return Response({"rules": []})
        account_id, pinned = (caller.account_id, caller.preferences_id) if caller else (None, None)
        chosen = replace(rule_effects.LAST, account_id=account_id)
        found = rule_effects.effects(user_id, preference_sets.of(account_id, user_id, pinned), chosen)
        return Response({"rules": rule_effects.as_json(found)})
