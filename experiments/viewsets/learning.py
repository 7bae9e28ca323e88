"""What was learned in the REST API."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from experiments.learning import proposals
from experiments.models import LearningRound, Proposal
from experiments.serializers.learning import LearningRoundSerializer, ProposalSerializer
from routerhub.audit.change import change_by
from routerhub.audit.permissions import Readers, TablePermissions
from routerhub.audit.serializers import ReasonSerializer, valid


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
