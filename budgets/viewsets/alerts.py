"""Alerts, one's own rules, channels and the delivery log in the REST API."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from budgets.alerts import channels, rules, showing
from budgets.alerts.raising import acknowledge
from budgets.alerts.spending import spent_now
from budgets.models import Alert, AlertChannel, AlertRule, Delivery
from budgets.people.ownership import visible
from budgets.serializers.alerts import (
    AlertSerializer,
    ChannelChangeSerializer,
    ChannelSerializer,
    DeliverySerializer,
    NewChannelSerializer,
    NewRuleSerializer,
    RuleChangeSerializer,
    RuleSerializer,
)
from routerhub.audit import history
from routerhub.audit.change import author_of, change_by
from routerhub.audit.permissions import TablePermissions
from routerhub.audit.serializers import ReasonSerializer, reason_of, valid

WHY = OpenApiParameter("reason", str, required=True)


class AlertViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Alert]):
    """What was told, the newest first: limits, own spend, forecasts and anomalies, with the figures that led to it."""

    queryset = Alert.objects.select_related("account", "user", "acknowledged_by")
    serializer_class = AlertSerializer
    permission_classes = [TablePermissions]
    by_account = True
    filterset_fields = {"state": ["exact", "in"], "kind": ["exact"], "account__slug": ["exact"], "subject": ["exact"]}

    def get_queryset(self) -> QuerySet[Alert]:
        """What a person's own spend in all their accounts came to belongs to no account: a login sees it."""
        return showing.alerts(self.request.user).select_related("account", "user", "acknowledged_by")

    @extend_schema(request=None, responses=AlertSerializer)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Somebody has it in hand: it stays acknowledged until its period ends or it gets graver."""
        alert = self.get_object()
        acknowledge(alert, author_of(request))
        return Response(AlertSerializer(alert).data)


class AlertRuleViewSet(mixins.RetrieveModelMixin, mixins.ListModelMixin, viewsets.GenericViewSet[AlertRule]):
    """Alerts on one's own spend, without a limit behind them: they never refuse a request. As many as one likes."""

    queryset = AlertRule.objects.select_related("account", "user")
    serializer_class = RuleSerializer
    permission_classes = [TablePermissions]
    by_account = True
    filterset_fields = {"is_active": ["exact"], "account__slug": ["exact"], "user__username": ["exact"]}

    def get_queryset(self) -> QuerySet[AlertRule]:
        return visible(super().get_queryset(), self.request.user)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self._shown(page or [], many=True))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(self._shown(self.get_object()))

    @extend_schema(request=NewRuleSerializer, responses={201: RuleSerializer})
    def create(self, request: Request) -> Response:
        """For oneself; whoever looks after the account, for its members too."""
        values = dict(valid(NewRuleSerializer(data=request.data)))
        author: Any = author_of(request)
        rule = AlertRule(account=values.pop("account"), user=values.pop("user", author))
        rules.add(rule, request.user, "user" in request.data, values, change_by(request, values.pop("reason")))
        return Response(self._shown(rule), 201)

    @extend_schema(request=RuleChangeSerializer, responses=RuleSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        rule = self.get_object()
        values = dict(valid(RuleChangeSerializer(rule, data=request.data, partial=True)))
        rules.save(rule, values, change_by(request, values.pop("reason")))
        return Response(self._shown(rule))

    @extend_schema(parameters=[WHY], responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        history.delete([self.get_object()], change_by(request, reason_of(request)))
        return Response(status=204)

    def _shown(self, found: Any, many: bool = False) -> Any:
        spent = spent_now(found if many else [found], timezone.now())
        return RuleSerializer(found, many=many, context={"spent": spent}).data


class AlertChannelViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[AlertChannel]):
    """By which ways people are told. An address is sealed and not shown again; the secret of a webhook is told once, by the
    answer that made it."""

    queryset = AlertChannel.objects.select_related("account", "user")
    serializer_class = ChannelSerializer
    permission_classes = [TablePermissions]
    by_account = True
    filterset_fields = {"kind": ["exact"], "account__slug": ["exact"], "user__username": ["exact"]}

    def get_queryset(self) -> QuerySet[AlertChannel]:
        return visible(super().get_queryset(), self.request.user)

    @extend_schema(request=NewChannelSerializer, responses={201: ChannelSerializer})
    def create(self, request: Request) -> Response:
        values = dict(valid(NewChannelSerializer(data=request.data)))
        row = AlertChannel(account=values.pop("account"), user=values.pop("user"))
        change = change_by(request, values.pop("reason"))
        return self._told(row, 201, rules.add(row, request.user, "user" in request.data, values, change))

    @extend_schema(request=ChannelChangeSerializer, responses=ChannelSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Another address of a webhook has another secret."""
        row = self.get_object()
        values = dict(valid(ChannelChangeSerializer(row, data=request.data, partial=True)))
        return self._told(row, 200, rules.save(row, values, change_by(request, values.pop("reason"))))

    @extend_schema(parameters=[WHY], responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        history.delete([self.get_object()], change_by(request, reason_of(request)))
        return Response(status=204)

    @extend_schema(request=ReasonSerializer, responses=ChannelSerializer)
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, pk: str) -> Response:
        """Another secret, told by this answer alone; for a day webhooks are signed with the one before too."""
        row = self.get_object()
        change = change_by(request, valid(ReasonSerializer(data=request.data))["reason"])
        return self._told(row, 200, channels.rotate(row, change))

    @extend_schema(request=None, responses={202: DeliverySerializer})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        """Send it a message that says that it is a test. What becomes of it stands in /api/alerts/deliveries."""
        return Response(DeliverySerializer(channels.test(self.get_object())).data, 202)

    def _told(self, row: AlertChannel, status: int, secret: str) -> Response:
        return Response({**ChannelSerializer(row).data, **({"secret": secret} if secret else {})}, status)


class DeliveryViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Delivery]):
    """What was sent, the newest first, with how each try went; never with what a receiver answered."""

    queryset = Delivery.objects.select_related("account", "user").prefetch_related("log")
    serializer_class = DeliverySerializer
    permission_classes = [TablePermissions]
    by_account = True
    filterset_fields = {"state": ["exact"], "alert": ["exact"], "channel": ["exact"], "message_id": ["exact"]}

    def get_queryset(self) -> QuerySet[Delivery]:
        return visible(super().get_queryset(), self.request.user)
