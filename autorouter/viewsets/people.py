"""What belongs to a person in the REST API: preferences, and the conversations under way."""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from autorouter.models import Preferences, Session
from autorouter.people import preferences, sessions
from autorouter.serializers import PreferencesSerializer, SessionSerializer
from budgets.people.authentication import caller_of
from routerhub import numerals
from routerhub.audit.change import change_by
from routerhub.audit.permissions import TablePermissions, may
from routerhub.audit.serializers import valid


class PreferencesView(APIView):
    """Your own preferences; those of ?user=ID for staff, by a key those of its account's members. A change takes effect on
    the next request."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses=PreferencesSerializer)
    def get(self, request: Request) -> Response:
        return Response(PreferencesSerializer(self._row(request)).data)

    @extend_schema(request=PreferencesSerializer(partial=True), responses=PreferencesSerializer)
    def patch(self, request: Request) -> Response:
        row = self._row(request)
        values = valid(PreferencesSerializer(row, data=request.data, partial=True))
        reason = values.pop("reason")
        for name, value in values.items():
            setattr(row, name, value)
        preferences.save(row, change_by(request, reason))
        return Response(PreferencesSerializer(row).data)

    def _row(self, request: Request) -> Preferences:
        user_id = self._user_id(request)
        found = Preferences.objects.filter(user_id=user_id).first()
        return found or Preferences(user_id=user_id)

    def _user_id(self, request: Request) -> int:
        given = request.query_params.get("user")
        caller = caller_of(request)
        own = caller.user_id if caller else request.user.pk
        if given is None or given == str(own):
            if own is None:
                raise ValidationError(
                    {"user": "This key belongs to nobody: name a user (staff) or use a person's key."}
                )
            return int(own)
        verb = "view" if request.method == "GET" else "change"
        number = numerals.whole(given)
        if not may(request.user, verb, Preferences) or number is None or not _users(request).filter(pk=number).exists():
            raise NotFound(f"There is no user {given!r} whose preferences you may see.")
        return number


def _users(request: Request) -> QuerySet[User]:
    """Whose preferences staff may see: by a login everybody's, by a key those of its account's members."""
    caller = caller_of(request)
    return User.objects.filter(memberships__account=caller.account_id) if caller else User.objects.all()


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
