"""Conversations under way in the REST API."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import mixins, viewsets
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from autorouter.models import Session
from autorouter.people import sessions
from autorouter.serializers import SessionSerializer
from routerhub.audit.permissions import TablePermissions


class SessionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Session]):
    """Conversations that have not ended: the account's, and for staff everybody's. Deleting one forgets its model."""

    queryset = Session.objects.all()
    serializer_class = SessionSerializer
    permission_classes = [TablePermissions]
    own_rows = True
    by_account = True
    lookup_field = "name"
    lookup_value_regex = ".+"
    filterset_fields = ["model", "user_id", "account_id"]

    def get_queryset(self) -> QuerySet[Session]:
        return sessions.living().for_caller(self.request.user)

    def get_object(self) -> Session:
        """One conversation; where several accounts have one of that name, staff say whose: ?account_id="""
        found = list(self.filter_queryset(self.get_queryset()).filter(name=self.kwargs["name"])[:2])
        if not found:
            raise NotFound(f"There is no conversation {self.kwargs['name']!r}.")
        if len(found) > 1:
            raise ValidationError({"account_id": f"Several accounts have a conversation {found[0].name!r}: say whose."})
        return found[0]

    def destroy(self, _request: Request, name: str, **_: Any) -> Response:
        row = self.get_object()
        sessions.forget(row.account_id, name)
        return Response(status=204)
