"""Preferences in the REST API: the active set of a user or an account, and all of their sets by name."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from autorouter.models import Preferences
from autorouter.people import preference_owners, preference_sets
from autorouter.people.preference_owners import Owner
from autorouter.serializers import CopySerializer, PreferenceSetSerializer, PreferencesSerializer
from budgets.people.authentication import caller_of
from routerhub import numerals
from routerhub.audit.change import Change, change_by
from routerhub.audit.serializers import ReasonSerializer, reason_of, valid

WHOSE = [OpenApiParameter("user", int), OpenApiParameter("account", str)]


def owner_of(request: Request) -> Owner:
    """Whose sets it is about: one's own; by ?user=ID a user's, by ?account=SLUG an account's that one may see.

    Raises ValidationError, and the REST framework's; NotFound.
    """
    account, given = request.query_params.get("account"), request.query_params.get("user")
    if account is not None:
        return Owner(account_id=preference_owners.account(request.user, account))
    caller = caller_of(request)
    own = caller.user_id if caller else request.user.pk
    if given is None and own is None:
        raise ValidationError({"user": "This key belongs to nobody: name a user (staff) or use a person's key."})
    if given is None or given == str(own):
        return Owner(user_id=own)
    number = numerals.whole(given)
    if number is None or not preference_owners.may_see_user(request.user, number):
        raise NotFound(f"There is no user {given!r} whose preferences you may see.")
    return Owner(user_id=number)


def demand_may_change(request: Request, owner: Owner) -> None:
    """Raises PermissionDenied, or NotFound for a user's."""
    if preference_owners.may_change(request.user, owner):
        return
    if owner.user_id is not None:
        raise NotFound(f"There is no user {owner.user_id} whose preferences you may change.")
    raise PermissionDenied("This needs the role owner or admin in the account, or the right to change preferences.")


def set_of(request: Request, owner: Owner) -> Preferences:
    """The owner's set that ?set=ID names; none: the active one. Raises NotFound."""
    given = request.query_params.get("set")
    if given is None:
        return preference_sets.active(owner)
    found = next((each for each in preference_sets.of_owner(owner) if str(each.pk) == given), None)
    if found is None:
        raise NotFound(f"There is no set {given!r} of theirs.")
    return found


def _change(request: Request, row: Preferences, serializer: Any) -> None:
    """Save what a checked serializer holds."""
    values = valid(serializer)
    reason = values.pop("reason")
    for name, value in values.items():
        setattr(row, name, value)
    preference_sets.save(row, change_by(request, reason))


class PreferencesView(APIView):
    """Your own active preferences; with ?account=SLUG those of an account of yours, with ?user=ID for staff those of a user, by
    a key of its account's members. A change takes effect on the next request."""

    permission_classes = [IsAuthenticated]

    @extend_schema(parameters=WHOSE, responses=PreferencesSerializer)
    def get(self, request: Request) -> Response:
        return Response(PreferencesSerializer(preference_sets.active(owner_of(request))).data)

    @extend_schema(parameters=WHOSE, request=PreferencesSerializer(partial=True), responses=PreferencesSerializer)
    def patch(self, request: Request) -> Response:
        owner = owner_of(request)
        demand_may_change(request, owner)
        row = preference_sets.active(owner)
        _change(request, row, PreferencesSerializer(row, data=request.data, partial=True))
        return Response(PreferencesSerializer(row).data)


class PreferenceSetViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Preferences]):
    """Named sets: one's own, and those of one's accounts. Of each owner one is active; a key may pin another one of its person's
    or its account's (`preferences` of the key)."""

    queryset = Preferences.objects.select_related("account", "user").prefetch_related("keys")
    serializer_class = PreferenceSetSerializer
    permission_classes = [IsAuthenticated]
    filterset_fields = ["user", "account", "is_active"]

    def get_queryset(self) -> QuerySet[Preferences]:
        return super().get_queryset().filter(preference_owners.visible(self.request.user))

    @extend_schema(parameters=WHOSE, responses={201: PreferenceSetSerializer})
    def create(self, request: Request) -> Response:
        """A set of one's own, or of ?account=SLUG; the first one is the active one."""
        owner = owner_of(request)
        demand_may_change(request, owner)
        row = owner.row()
        _change(request, row, PreferenceSetSerializer(row, data=request.data))
        return self._told(row, 201)

    def partial_update(self, request: Request, pk: str) -> Response:
        row = self._row_to_change()
        _change(request, row, PreferenceSetSerializer(row, data=request.data, partial=True))
        return self._told(row)

    @extend_schema(parameters=[OpenApiParameter("reason", OpenApiTypes.STR)])
    def destroy(self, request: Request, pk: str) -> Response:
        preference_sets.delete(self._row_to_change(), change_by(request, reason_of(request)))
        return Response(status=204)

    @extend_schema(request=ReasonSerializer)
    @action(detail=True, methods=["post"])
    def activate(self, request: Request, pk: str) -> Response:
        """From the next request on this one counts for its owner."""
        row = self._row_to_change()
        preference_sets.activate(row, self._why(ReasonSerializer(data=request.data)))
        return self._told(row)

    @extend_schema(request=CopySerializer, responses={201: PreferenceSetSerializer})
    @action(detail=True, methods=["post"])
    def copy(self, request: Request, pk: str) -> Response:
        """Another set of the same owner that says the same."""
        row, serializer = self._row_to_change(), CopySerializer(data=request.data)
        change = self._why(serializer)
        return self._told(preference_sets.copy(row, serializer.validated_data["name"], change), 201)

    def _why(self, serializer: Any) -> Change:
        return change_by(self.request, valid(serializer)["reason"])

    def _row_to_change(self) -> Preferences:
        row = self.get_object()
        demand_may_change(self.request, Owner.of(row))
        return row

    def _told(self, row: Preferences, status: int = 200) -> Response:
        return Response(PreferenceSetSerializer(row).data, status)
