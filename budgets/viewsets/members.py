"""The members of an account in the REST API."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from budgets.models import Account, Membership
from budgets.people import members
from budgets.people.ownership import visible
from budgets.serializers.members import MemberChangeSerializer, MemberSerializer, NewMemberSerializer
from routerhub.audit.change import change_by
from routerhub.audit.permissions import TablePermissions
from routerhub.audit.serializers import reason_of, valid


def account_of(request: Request, slug: str) -> Account:
    """One that whoever asks may see. Raises Http404."""
    found = visible(Account.objects.filter(slug=slug), request.user).first()
    if found is None:
        raise Http404(f"There is no account {slug!r}.")
    return found


class MemberViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Membership]):
    """Who belongs to an account, as what. A change counts on the next request, also for their keys."""

    queryset = Membership.objects.select_related("account", "user").order_by("user__username")
    serializer_class = MemberSerializer
    permission_classes = [TablePermissions]
    by_account = True
    lookup_field = "user__username"
    lookup_url_kwarg = "user"
    lookup_value_regex = "[^/]+"

    def get_queryset(self) -> QuerySet[Membership]:
        return super().get_queryset().filter(account=account_of(self.request, self.kwargs["account"]))

    @extend_schema(request=NewMemberSerializer, responses={201: MemberSerializer})
    def create(self, request: Request, account: str) -> Response:
        """Staff put somebody in by name; everybody else invites."""
        values = dict(valid(NewMemberSerializer(data=request.data)))
        made = Membership(account=account_of(request, account))
        self._save(made, values)
        return Response(MemberSerializer(made).data, 201)

    @extend_schema(request=MemberChangeSerializer, responses=MemberSerializer)
    def partial_update(self, request: Request, account: str, user: str) -> Response:
        """Another role, or switched off, which stops their keys."""
        found = self.get_object()
        self._save(found, dict(valid(MemberChangeSerializer(found, data=request.data, partial=True))))
        return Response(MemberSerializer(found).data)

    @extend_schema(parameters=[OpenApiParameter("reason", str, required=True)], responses={204: None})
    def destroy(self, request: Request, account: str, user: str) -> Response:
        """Out of the account; their keys there are revoked. Anybody may leave, but for the last owner."""
        members.remove(self.get_object(), change_by(request, reason_of(request)))
        return Response(status=204)

    def _save(self, row: Membership, values: dict[str, Any]) -> None:
        change = change_by(self.request, values.pop("reason"))
        for name, value in values.items():
            setattr(row, name, value)
        members.save(row, change)
