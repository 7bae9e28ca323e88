"""Invitations to an account in the REST API."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from budgets.models import Invitation
from budgets.people import invitations
from budgets.people.invitations import Asked
from budgets.serializers.invitations import InvitationSerializer, NewInvitationSerializer
from budgets.viewsets.members import account_of
from routerhub.audit.change import change_by
from routerhub.audit.permissions import TablePermissions
from routerhub.audit.serializers import ReasonSerializer, valid


class InvitationViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Invitation]):
    """Who is asked to join an account. The answer to one without an email has its `link`, once; one with an email is mailed."""

    queryset = Invitation.objects.select_related("account", "accepted_by")
    serializer_class = InvitationSerializer
    permission_classes = [TablePermissions]
    by_account = True

    def get_queryset(self) -> QuerySet[Invitation]:
        return super().get_queryset().filter(account=account_of(self.request, self.kwargs["account"]))

    @extend_schema(request=NewInvitationSerializer, responses={201: InvitationSerializer})
    def create(self, request: Request, account: str) -> Response:
        asked = Invitation(account=account_of(request, account))
        self.check_object_permissions(request, asked)
        values = dict(valid(NewInvitationSerializer(data=request.data)))
        change = change_by(request, values.pop("reason"))
        made, link = invitations.invite_by(
            Asked(account=asked.account, **values), change, request.build_absolute_uri("/")
        )
        told = InvitationSerializer(made).data
        return Response(told if made.email else {**told, "link": link}, 201)

    @extend_schema(request=ReasonSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, account: str, pk: str) -> Response:
        """Its link opens nothing any more."""
        found = self.get_object()
        invitations.revoke(found, change_by(request, valid(ReasonSerializer(data=request.data))["reason"]))
        return Response(InvitationSerializer(found).data)
