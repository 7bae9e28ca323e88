"""Tests of variants in the REST API."""

from typing import Any

from django.db.models import QuerySet
from django.utils.timezone import now
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from budgets.people.authentication import caller_of
from budgets.people.ownership import claim
from budgets.people.rights import accounts_open
from experiments.ab import lifecycle, planning
from experiments.models import Experiment
from experiments.serializers.tests import (
    DeclareSerializer,
    ExperimentChangeSerializer,
    ExperimentSerializer,
    FoundSerializer,
    NewExperimentSerializer,
    PlanQuery,
    plan_json,
)
from routerhub.audit.change import change_by
from routerhub.audit.permissions import TablePermissions, may, right
from routerhub.audit.serializers import ReasonSerializer, reason_of, valid

WHY = OpenApiParameter("reason", str, required=True)


class ExperimentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Experiment]):
    """Tests of two variants of whatever the router can be told, the newest first."""

    queryset = Experiment.objects.select_related("account", "user")
    serializer_class = ExperimentSerializer
    permission_classes = [TablePermissions]
    by_account = True
    filterset_fields = {
        "state": ["exact", "in"], "declared": ["exact"], "account__slug": ["exact"], "user__username": ["exact"],
    }  # fmt: skip

    def get_queryset(self) -> QuerySet[Experiment]:
        found: Any = super().get_queryset()
        return found.for_caller(self.request.user)  # type: ignore[no-any-return]

    @extend_schema(responses=FoundSerializer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """With its phases, and what the newest look found."""
        return Response(FoundSerializer(self.get_object()).data)

    @extend_schema(request=NewExperimentSerializer, responses={201: ExperimentSerializer})
    def create(self, request: Request) -> Response:
        """A draft: nobody takes part before it is started. For oneself; whoever looks after the account, for all of it."""
        values = dict(valid(NewExperimentSerializer(data=request.data)))
        reason = values.pop("reason")
        test = Experiment(account=values.pop("account", None), user=values.pop("user", None))
        claim(test, request.user, "user" in request.data)
        return self._shown(lifecycle.draft(test, values, change_by(request, reason)), 201)

    @extend_schema(request=ExperimentChangeSerializer, responses=ExperimentSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """All of a draft; of a test that runs other shares, measures and guardrails, which begin a new phase."""
        test = self.get_object()
        values = dict(valid(ExperimentChangeSerializer(test, data=request.data, partial=True)))
        reason = values.pop("reason")
        return self._shown(lifecycle.edit(test, values, change_by(request, reason)))

    @extend_schema(parameters=[WHY], responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """A draft alone: what ran is kept."""
        lifecycle.discard(self.get_object(), change_by(request, reason_of(request)))
        return Response(status=204)

    @extend_schema(request=ReasonSerializer, responses=ExperimentSerializer)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: str) -> Response:
        """From the next request on."""
        return self._step(request, lifecycle.start)

    @extend_schema(request=ReasonSerializer, responses=ExperimentSerializer)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """All who take part get A, until the test is declared or ended."""
        return self._step(request, lifecycle.stop)

    @extend_schema(request=ReasonSerializer, responses=ExperimentSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """Nobody takes part any more; it can be declared later."""
        return self._step(request, lifecycle.end)

    @extend_schema(request=DeclareSerializer, responses=ExperimentSerializer)
    @action(detail=True, methods=["post"])
    def declare(self, request: Request, pk: str) -> Response:
        """A, B or neither, which ends the test; the winner becomes the default of those whom it is about."""
        test = self.get_object()
        given = valid(DeclareSerializer(data=request.data))
        change = change_by(request, given["reason"])
        return self._shown(lifecycle.declare(test, given["declared"], given["as_default"], change))

    @extend_schema(request=ReasonSerializer, responses=ExperimentSerializer)
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: str) -> Response:
        """What was the default before the winner became it is so again."""
        return self._step(request, lifecycle.undo)

    @extend_schema(responses={200: dict})
    @action(detail=True)
    def history(self, request: Request, pk: str) -> Response:
        """What looks found over time: dense at first, then a fiftieth of the time apart."""
        looks = self.get_object().looks.values_list("phase", "findings")
        return Response({"looks": [{"phase": phase, **findings} for phase, findings in looks]})

    @extend_schema(parameters=[PlanQuery], responses={200: dict})
    @action(detail=False, url_path="sample-size")
    def sample_size(self, request: Request) -> Response:
        """How many units a test would need to show an effect, by the last two weeks' requests, and how long they take to come."""
        query = PlanQuery(data=request.query_params)
        account = valid(query)["account"]
        caller, view = caller_of(request), right("view", Experiment)
        if caller or not may(request.user, "view", Experiment):
            seen = [caller.account_id] if caller else accounts_open(request.user, view)
            if account is None or account.pk not in seen:
                raise ValidationError({"account": "Name an account of yours."})
        asked = query.asked()
        return Response(plan_json(asked, planning.plan(asked, now())))

    def _step(self, request: Request, step: Any) -> Response:
        test = self.get_object()
        reason = valid(ReasonSerializer(data=request.data))["reason"]
        return self._shown(step(test, change_by(request, reason)))

    def _shown(self, test: Experiment, status: int = 200) -> Response:
        return Response(ExperimentSerializer(test).data, status)
