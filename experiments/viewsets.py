"""Trying out, explaining and learning in the REST API."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from autorouter.people import preferences
from budgets.types import Caller
from experiments.learning import proposals
from experiments.models import LearningRound, Proposal
from experiments.replay import backtest, decisions, rule_effects
from experiments.serializers import (
    BacktestSerializer,
    LearningRoundSerializer,
    PreviewSerializer,
    ProposalSerializer,
)
from routerhub.audit import history
from routerhub.audit.permissions import ReadsAndStaffChanges, StaffOnly, is_staff
from routerhub.audit.serializers import ReasonSerializer

BOUNDS = ("max_cost_increase", "max_latency_increase", "max_quality_loss", "max_moved")


class PreviewView(APIView):
    """POST /api/router/preview: what values that are not saved yet would do to the last requests."""

    permission_classes = [StaffOnly]

    @extend_schema(request=PreviewSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        serializer = PreviewSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        report = backtest.preview(serializer.validated_data["changes"], serializer.chosen())
        return Response(backtest.as_json(report))


class BacktestView(APIView):
    """POST /api/backtests: what a release, a draft included, would do otherwise than what is live."""

    permission_classes = [StaffOnly]

    @extend_schema(request=BacktestSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        serializer = BacktestSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        asked = serializer.validated_data
        pair = backtest.Pair(catalogue=asked["catalogue"], router=asked["router"])
        bounds = backtest.Bounds(**{name: asked[name] for name in BOUNDS})
        return Response(backtest.as_json(backtest.run(pair, serializer.chosen()), bounds))


class DecisionView(APIView):
    """GET /api/decisions/{id}: why a request got its model, term by term, made again from its releases."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, operation_id: str) -> Response:
        return Response(decisions.as_json(decisions.tell(decisions.find(operation_id, _own_account(request)))))


def _own_account(request: Request) -> int | None:
    """Whose records may be seen: all by staff, else those of the key's account."""
    if is_staff(request):
        return None
    return request.auth.account_id if isinstance(request.auth, Caller) else -1


class RuleEffectsView(APIView):
    """GET /api/preferences/rules/effects: what each of your rules did over your last requests."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        user_id = request.auth.user_id if isinstance(request.auth, Caller) else request.user.pk
        if user_id is None:
            return Response({"rules": []})
        found = rule_effects.effects(user_id, preferences.of_user(user_id))
        names = ("rule", "requests", "fired", "moved")
        return Response({"rules": [{name: getattr(each, name) for name in names} for each in found]})


class LearningRoundViewSet(viewsets.ReadOnlyModelViewSet[LearningRound]):
    """Looks at the traffic, with what came of each."""

    queryset = LearningRound.objects.all()
    serializer_class = LearningRoundSerializer
    permission_classes = [StaffOnly]

    @extend_schema(request=None, responses={201: LearningRoundSerializer})
    def create(self, _request: Request) -> Response:
        """Look now."""
        return Response(LearningRoundSerializer(proposals.learn()).data, 201)


class ProposalViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Proposal]):
    """Changes that the traffic speaks for. Accepted, each becomes an ordinary change."""

    queryset = Proposal.objects.select_related("decided_by")
    serializer_class = ProposalSerializer
    permission_classes = [ReadsAndStaffChanges]
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
        serializer = ReasonSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        decide(proposal, history.author_of(request), serializer.validated_data["reason"])
        proposal.refresh_from_db()
        return Response(ProposalSerializer(proposal).data)
