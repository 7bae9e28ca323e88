"""The books in the REST API: the ledger, credits, billing records, reconciliation and costs."""

from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import django_filters
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError as Refused
from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from budgets.books import costs, credits, exporting, reconciling
from budgets.books.billing import close
from budgets.books.months import zone_of
from budgets.models import Account, BillingRecord, LedgerEntry, Limit, Reconciliation
from budgets.people.authentication import caller_of
from budgets.people.ownership import OwnedQuerySet
from budgets.people.rights import accounts_open
from budgets.serializers.books import (
    BillingRecordSerializer,
    CloseSerializer,
    CostsQuery,
    CreditSerializer,
    LedgerEntrySerializer,
    ReconcileSerializer,
    ReconciliationSerializer,
    WholeBillingRecordSerializer,
)
from routerhub.audit.change import change_by
from routerhub.audit.permissions import Readers, TablePermissions, may, right
from routerhub.audit.serializers import valid
from routerhub.pagination import KeysetPagination


class LedgerFilter(django_filters.FilterSet):  # type: ignore[misc]
    """?account=acme&kind=credit&since=2026-11-01T00:00:00Z"""

    account = django_filters.CharFilter(method="of_account")
    user = django_filters.CharFilter(method="of_user")
    scope = django_filters.CharFilter(method="of_scope")
    since = django_filters.IsoDateTimeFilter(field_name="incurred_at", lookup_expr="gte")
    until = django_filters.IsoDateTimeFilter(field_name="incurred_at", lookup_expr="lt")

    class Meta:
        model = LedgerEntry
        fields: ClassVar = ["operation_id", "refers_to", "kind", "key_id", "model", "provider", "basis", "is_sandbox"]

    def of_account(self, entries: QuerySet[LedgerEntry], _: str, slug: str) -> QuerySet[LedgerEntry]:
        return entries.filter(account_id__in=Account.objects.filter(slug=slug).values("pk"))

    def of_user(self, entries: QuerySet[LedgerEntry], _: str, name: str) -> QuerySet[LedgerEntry]:
        return entries.filter(user_id__in=User.objects.filter(username=name).values("pk"))

    def of_scope(self, entries: QuerySet[LedgerEntry], _: str, scope: str) -> QuerySet[LedgerEntry]:
        return entries.filter(scopes__contains=[scope])


class LedgerViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[LedgerEntry]):
    """What was charged, corrected and credited, the newest first. A key sees its own account's; a member, as far as the role
    goes; a login with Django's permission, everybody's. To add to it is to credit: nothing else is written here, and nothing is
    ever changed."""

    queryset = LedgerEntry.objects.all()
    serializer_class = LedgerEntrySerializer
    permission_classes = [TablePermissions]
    readers: Readers = "routing"
    by_account = True
    pagination_class = KeysetPagination
    filterset_class = LedgerFilter

    def get_queryset(self) -> OwnedQuerySet[LedgerEntry]:
        return LedgerEntry.objects.for_caller(self.request.user)

    @extend_schema(request=CreditSerializer, responses={201: LedgerEntrySerializer})
    def create(self, request: Request) -> Response:
        """Credit an account, for a reason."""
        values = dict(valid(CreditSerializer(data=request.data)))
        change = change_by(request, values.pop("reason"))
        caller = caller_of(request)
        if caller is not None and values["account"].pk != caller.account_id:
            raise ValidationError({"account": f"{values['account'].slug!r} is not the account of this key."})
        try:
            entry = credits.give(credits.Credit(amount_nano=values.pop("amount_usd"), **values), change)
        except Refused as refused:
            raise ValidationError(refused.message_dict) from refused
        return Response(LedgerEntrySerializer(entry).data, 201)


class BillingViewSet(viewsets.ReadOnlyModelViewSet[BillingRecord]):
    """Months that are closed, the newest first: they never change. A key sees its own account's, and so do members, as far as the
    role goes. To add closes what is over."""

    queryset = BillingRecord.objects.all()
    permission_classes = [TablePermissions]
    readers: Readers = "routing"
    by_account = True
    filterset_fields = ["account", "number"]

    def get_queryset(self) -> OwnedQuerySet[BillingRecord]:
        return BillingRecord.objects.for_caller(self.request.user)

    def get_serializer_class(self) -> Any:
        return BillingRecordSerializer if self.action == "list" else WholeBillingRecordSerializer

    @extend_schema(request=CloseSerializer, responses={201: BillingRecordSerializer(many=True)})
    def create(self, request: Request) -> Response:
        """Make billing records of the months that are over, of one account or of all."""
        values, caller = valid(CloseSerializer(data=request.data)), caller_of(request)
        account = values["account"]
        if caller is not None and (account is None or account.pk != caller.account_id):
            raise ValidationError({"account": "A key closes the months of its own account: name that."})
        change = change_by(request, values["reason"])
        made = [
            record
            for each in ([account] if account else Account.objects.order_by("pk"))
            for record in close(each, change)
        ]
        return Response(BillingRecordSerializer(made, many=True).data, 201)

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.BINARY})
    @action(detail=True)
    def csv(self, request: Request, pk: str) -> HttpResponse:
        """The record as CSV."""
        return exporting.as_file(self.get_object(), "csv")

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    @action(detail=True)
    def pdf(self, request: Request, pk: str) -> HttpResponse:
        """The record as PDF."""
        return exporting.as_file(self.get_object(), "pdf")


class ReconciliationView(APIView):
    """Whether every counter is the sum of its ledger entries: the last result, and a new look."""

    table = Reconciliation
    permission_classes = [TablePermissions]

    @extend_schema(responses=ReconciliationSerializer)
    def get(self, request: Request) -> Response:
        result = reconciling.last()
        return Response(self._told(request, result) if result else {"id": None, "differences": []})

    @extend_schema(request=ReconcileSerializer, responses={201: ReconciliationSerializer})
    def post(self, request: Request) -> Response:
        values = valid(ReconcileSerializer(data=request.data))
        result = reconciling.reconcile(change_by(request, values["reason"]), values["repair"])
        return Response(self._told(request, result), 201)

    def _told(self, request: Request, result: Reconciliation) -> dict[str, Any]:
        """To a key of an account, of the limits that it may see."""
        told, caller = dict(ReconciliationSerializer(result).data), caller_of(request)
        if caller is not None:
            ids = set(Limit.objects.filter(Limit.of_account(caller.account_id)).values_list("pk", flat=True))
            told["differences"] = [each for each in result.differences if each["limit_id"] in ids]
        return told


class CostsView(APIView):
    """GET /api/routing/costs?since=2026-11-01&until=2026-11-30&group_by=model,day: what was spent, as days are in the
    account's time zone (UTC where no account is named). What the sandbox made up stands apart; a key sees its own account's, a
    member those of an account of theirs, as far as the role goes."""

    table = LedgerEntry
    permission_classes = [TablePermissions]
    readers: Readers = "routing"
    by_account = True

    @extend_schema(parameters=[CostsQuery], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> HttpResponseBase:
        return Response(self.found(request).as_json())

    def found(self, request: Request) -> costs.Costs:
        """Raises the REST framework's ValidationError."""
        try:
            return costs.costs(self._asked(request))
        except Refused as refused:
            raise ValidationError(refused.message_dict) from refused

    def _asked(self, request: Request) -> costs.Asked:
        values = dict(valid(CostsQuery(data=request.query_params)))
        account = self._account(request, values.pop("account", None))
        if self._sees_own_alone(request, account):
            whose = values.setdefault("user", request.user)
            if whose != request.user:
                raise ValidationError(
                    {"user": f"Your role sees what you spent alone: leave it out, or write {request.user}."}
                )
        given = values.pop("timezone", None)
        zone = ZoneInfo(given) if given else zone_of(account)
        page = {name: values.pop(name) for name in ("traffic", "limit", "offset", "compare")}
        first, today = costs.this_month(timezone.now(), zone)
        names = [name.strip() for name in values.pop("group_by").split(",") if name.strip()]
        until = values.pop("until", today)
        since = values.pop("since", min(first, until))
        return costs.Asked(
            since=since, until=until, zone=zone, group_by=names, account_id=account.pk if account else None, **page,
            filters={name: str(getattr(value, "pk", value)) for name, value in values.items()},
        )  # fmt: skip

    def _account(self, request: Request, account: Account | None) -> Account | None:
        """Whose costs are asked for; None: everybody's. Raises ValidationError."""
        caller, view = caller_of(request), right("view", LedgerEntry)
        if caller is not None:
            if account is not None and account.pk != caller.account_id:
                raise ValidationError({"account": f"{account.slug!r} is not the account of this key."})
            return Account.objects.get(pk=caller.account_id)
        if may(request.user, "view", LedgerEntry):
            return account
        known = {each.pk: each for each in Account.objects.filter(pk__in=accounts_open(request.user, view))}
        if account is None and len(known) > 1:
            slugs = ", ".join(sorted(each.slug for each in known.values()))
            raise ValidationError({"account": f"You are in several: name one of {slugs}."})
        if account is not None and account.pk not in known:
            raise ValidationError({"account": f"Object with slug={account.slug} does not exist."})
        return account or next(iter(known.values()))

    def _sees_own_alone(self, request: Request, account: Account | None) -> bool:
        """Whether it is by a role that reaches as far as what the person spent."""
        if account is None or caller_of(request) is not None or may(request.user, "view", LedgerEntry):
            return False
        return not request.user.has_perm(right("view", LedgerEntry), LedgerEntry(account_id=account.pk))
