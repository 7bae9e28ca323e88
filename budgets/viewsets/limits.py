"""Limits in the REST API."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from budgets.limits.names import names_of, subject_of
from budgets.limits.seeing import visible_limits
from budgets.limits.setting import set_limit
from budgets.models import Account, Limit
from budgets.people.authentication import caller_of
from budgets.people.ownership import claim
from budgets.serializers.limits import LimitChangeSerializer, LimitSerializer, NewLimitSerializer, context_of
from routerhub.audit import history
from routerhub.audit.change import change_by
from routerhub.audit.permissions import TablePermissions, may
from routerhub.audit.serializers import ReasonSerializer, valid


class LimitFilter(filters.FilterSet):  # type: ignore[misc]
    scope = filters.ChoiceFilter(field_name="kind", choices=Limit._meta.get_field("kind").choices)
    subject = filters.CharFilter(method="of_subject", help_text="With `scope`: by name.")
    account = filters.ModelChoiceFilter(queryset=Account.objects.all(), to_field_name="slug")

    class Meta:
        model = Limit
        fields = ["measure", "period", "mode", "is_active", "is_given"]

    def of_subject(self, rows: QuerySet[Limit], _: str, name: str) -> QuerySet[Limit]:
        """Somebody who comes by a role is told of no name but those of the limits that they see."""
        caller, kind = caller_of(self.request), self.data.get("scope", "")
        if caller is None and not may(self.request.user, "view", Limit):
            called = names_of(rows.filter(kind=kind))
            return rows.filter(pk__in=[pk for pk, each in called.items() if each == name])
        return rows.filter(subject=subject_of(kind, name, caller.account_id if caller else None))


class LimitViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Limit]):
    """The most that a scope may use in a period, and where that stands. A change counts at once, in every process."""

    queryset = Limit.objects.select_related("account")
    serializer_class = LimitSerializer
    permission_classes = [TablePermissions]
    by_account = True
    filterset_class = LimitFilter

    def get_queryset(self) -> QuerySet[Limit]:
        """All of them for a login with the right; a key, or a member, sees those that count the account's requests."""
        return visible_limits(self.request.user).select_related("account")

    def get_serializer(self, *arguments: Any, **options: Any) -> Any:
        shown = arguments[0] if arguments else []
        rows: Sequence[Limit] = shown if isinstance(shown, list) else [shown]
        options["context"] = {**self.get_serializer_context(), **(context_of(rows) if rows else {})}
        return LimitSerializer(*arguments, **options)

    @extend_schema(request=NewLimitSerializer, responses={201: LimitSerializer})
    def create(self, request: Request) -> Response:
        values = dict(valid(NewLimitSerializer(data=request.data)))
        return self._set(Limit(), {"is_given": self._is_given_by("add"), **values, **self._owned(values)}, 201)

    @extend_schema(request=LimitChangeSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        row = self._own("change")
        values = dict(valid(LimitChangeSerializer(row, data=request.data, partial=True)))
        if values.get("is_given") and not self._is_given_by("change"):
            raise ValidationError({"is_given": "Only staff give limits."})
        return self._set(row, values, 200)

    @extend_schema(request=ReasonSerializer)
    def destroy(self, request: Request, pk: str) -> Response:
        """What it counted goes with it; to keep that, switch it off instead. The reason stands in the query or in the body."""
        row = self._own("delete")
        given: Any = {"reason": request.query_params["reason"]} if "reason" in request.query_params else request.data
        history.delete([row], change_by(request, valid(ReasonSerializer(data=given))["reason"]))
        return Response(status=204)

    def _is_given_by(self, verb: str) -> bool:
        """Whether it is staff at their own sign-in who do it: they alone give limits, and touch those that are given."""
        return caller_of(self.request) is None and may(self.request.user, verb, Limit)

    def _own(self, verb: str) -> Limit:
        """The limit that is to be changed. A key, or a role, changes what its account set itself. Raises PermissionDenied."""
        row, caller = self.get_object(), caller_of(self.request)
        whose = row.account_id if caller is None else caller.account_id
        is_own = not row.is_given and row.account_id is not None and row.account_id == whose
        if not is_own and not self._is_given_by(verb):
            raise PermissionDenied("This limit is given by the site: only staff may change it.")
        return row

    def _owned(self, values: dict[str, Any]) -> dict[str, Any]:
        """What a new limit of a key's account, or of a member's, is in any case. Raises ValidationError."""
        if self._is_given_by("add"):
            return {}
        caller, account = caller_of(self.request), values.get("account")
        if caller is not None and account is not None and account.pk != caller.account_id:
            raise ValidationError({"account": f"{account.slug!r} is not the account of this key."})
        if values.get("is_given"):
            raise ValidationError({"is_given": "Only staff give limits."})
        if caller is not None:
            account = Account.objects.get(pk=caller.account_id)
        claim(Limit(account=account), self.request.user, names_user=False)
        return {"account": account}

    def _set(self, row: Limit, values: dict[str, Any], status: int) -> Response:
        change = change_by(self.request, values.pop("reason"))
        return Response(self.get_serializer(set_limit(row, values, change)).data, status)
