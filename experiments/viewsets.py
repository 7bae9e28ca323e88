"""Trying out, explaining and learning in the REST API."""

from dataclasses import replace
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.models import Record
from autorouter.models import RouterConfiguration
from autorouter.people import preferences
from budgets.people.authentication import caller_of
from experiments.learning import proposals
from experiments.models import LearningRound, Proposal
from experiments.replay import backtest, decisions, rule_effects
from experiments.serializers import (
    BacktestSerializer,
    LearningRoundSerializer,
    PreviewSerializer,
    ProposalSerializer,
)
from routerhub.audit.change import change_by
from routerhub.audit.permissions import Readers, TablePermissions
from routerhub.audit.serializers import ReasonSerializer, valid
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


class RuleEffectsView(APIView):
    """GET /api/preferences/rules/effects: what each of your rules did over your last requests; by a key, its account's."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        caller = caller_of(request)
        user_id = caller.user_id if caller else request.user.pk
        if user_id is None:
            return Response({"rules": []})
        chosen = replace(rule_effects.LAST, account_id=caller.account_id if caller else None)
        found = rule_effects.effects(user_id, preferences.of_user(user_id), chosen)
        names = ("rule", "requests", "fired", "moved")
        return Response({"rules": [{name: getattr(each, name) for name in names} for each in found]})


class LearningRoundViewSet(viewsets.ReadOnlyModelViewSet[LearningRound]):
    """Checks of the traffic, with what came of each."""

    queryset = LearningRound.objects.all()
    serializer_class = LearningRoundSerializer
    permission_classes = [TablePermissions]

    @extend_schema(request=None, responses={201: LearningRoundSerializer})
    def create(self, _request: Request) -> Response:
        """Check the records now."""
        return Response(LearningRoundSerializer(proposals.learn()).data, 201)


class ProposalViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Proposal]):
    """Changes that the traffic speaks for. Accepted, each becomes an ordinary change."""

    queryset = Proposal.objects.select_related("decided_by")
    serializer_class = ProposalSerializer
    permission_classes = [TablePermissions]
    readers: Readers = "routing"
    filterset_fields = ["state", "kind", "subject"]

    @extend_schema(request=ReasonSerializer)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        return self._decide(request, proposals.accept)

    @extend_schema(request=ReasonSerializer)
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: str) -> Response:
        return self._decide(request, proposals.reject)

    def _decide(self, request: Request, decide: Any) -> Response:
        proposal = self.get_object()
        reason = valid(ReasonSerializer(data=request.data))["reason"]
        decide(proposal, change_by(request, reason))
        proposal.refresh_from_db()
        return Response(ProposalSerializer(proposal).data)
