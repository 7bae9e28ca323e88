"""What was learned in the REST API."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from experiments.learning import proposals
from experiments.learning.success import importing, waking
from experiments.models import ImportedOutcome, LearningRound, Proposal
from experiments.serializers.learning import (
    ImportedOutcomeSerializer,
    LearningRoundSerializer,
    OutcomeFileSerializer,
    ProposalSerializer,
    RoundSerializer,
)
from routerhub.audit.change import change_by
from routerhub.audit.permissions import Readers, TablePermissions
from routerhub.audit.serializers import ReasonSerializer, reason_of, valid


class LearningRoundViewSet(viewsets.ReadOnlyModelViewSet[LearningRound]):
    """Checks of the traffic, with what came of each."""

    queryset = LearningRound.objects.all()
    serializer_class = LearningRoundSerializer
    permission_classes = [TablePermissions]

    @extend_schema(request=RoundSerializer, responses={201: LearningRoundSerializer, 202: dict})
    def create(self, request: Request) -> Response:
        """Check the records now; of success, which may take minutes, in the background: the round is listed when it is done."""
        if valid(RoundSerializer(data=request.data))["of"] == "success":
            waking.learn_success()
            return Response({"said": waking.STARTED}, 202)
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


class ImportedOutcomeViewSet(viewsets.ReadOnlyModelViewSet[ImportedOutcome]):
    """Outcomes that were measured elsewhere, without their prompts. A file is taken in whole or not at all."""

    queryset = ImportedOutcome.objects.all()
    serializer_class = ImportedOutcomeSerializer
    permission_classes = [TablePermissions]
    filterset_fields = ["source", "model", "category"]

    @extend_schema(request={"multipart/form-data": OutcomeFileSerializer}, responses={200: dict, 201: dict, 400: dict})
    def create(self, request: Request) -> Response:
        """What the file did, or with `dry_run` would do. With errors, by line and field, it does nothing: 400."""
        asked: Mapping[str, Any] = valid(OutcomeFileSerializer(data=request.data))
        file = asked["file"]
        done = importing.import_file(
            file.read(), asked.get("format") or importing.format_of(file.name), asked.get("source") or file.name,
            change_by(request, asked["reason"]), asked["dry_run"],
        )  # fmt: skip
        return Response(done.as_json(), 400 if done.problems else 201 if done.written else 200)

    @extend_schema(responses={200: dict})
    @action(detail=False, methods=["delete"], url_path="sources/(?P<source>[^/]+)")
    def forget(self, request: Request, source: str) -> Response:
        """Delete every outcome of a source. The reason stands in the query or in the body."""
        return Response({"deleted": importing.delete_source(source, change_by(request, reason_of(request)))})

    def get_parsers(self) -> list[Any]:
        is_upload = self.request is not None and self.request.method == "POST"
        return [MultiPartParser()] if is_upload else super().get_parsers()
