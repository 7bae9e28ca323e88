"""API keys in the REST API."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from budgets.models import ApiKey
from budgets.people import granting, keys
from budgets.people.authentication import caller_of
from budgets.people.ownership import visible
from budgets.serializers.keys import ApiKeyChangeSerializer, ApiKeySerializer, NewApiKeySerializer, RotateSerializer
from routerhub.audit.change import change_by
from routerhub.audit.permissions import TablePermissions
from routerhub.audit.serializers import ReasonSerializer, valid


class ApiKeyViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[ApiKey]):
    """What applications call with. A secret is told once, by the answer that made it; a change counts in every process within a
    second."""

    queryset = ApiKey.objects.filter(is_playground=False).select_related("account", "user", "use")
    serializer_class = ApiKeySerializer
    permission_classes = [TablePermissions]
    by_account = True

    def get_queryset(self) -> QuerySet[ApiKey]:
        """All of them for a login with the right, as far as the role goes for everybody else; an administrator's key has those
        of its own account to look after."""
        return visible(super().get_queryset(), self.request.user)

    @extend_schema(request=NewApiKeySerializer, responses={201: ApiKeySerializer})
    def create(self, request: Request) -> Response:
        values = dict(valid(NewApiKeySerializer(data=request.data)))
        caller = caller_of(request)
        if caller is not None and values["account"].pk != caller.account_id:
            raise ValidationError({"account": f"{values['account'].slug!r} is not the account of this key."})
        limit, change = values.pop("limit", None), change_by(request, values.pop("reason"))
        key = ApiKey(account=values.pop("account"), user=values.pop("user", None))
        return self._told(key, 201, granting.make(request.user, key, "user" in request.data, values, change, limit))

    @extend_schema(request=ApiKeyChangeSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        key = self.get_object()
        values = dict(valid(ApiKeyChangeSerializer(key, data=request.data, partial=True)))
        granting.alter(key, values, change_by(request, values.pop("reason")))
        return self._told(key, 200)

    @extend_schema(request=RotateSerializer)
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, pk: str) -> Response:
        """A new secret; the old one works until a moment."""
        key, values = self.get_object(), valid(RotateSerializer(data=request.data))
        return self._told(key, 200, keys.rotate(key, values["until"], change_by(request, values["reason"])))

    @extend_schema(request=ReasonSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        """From now on it opens nothing, for good."""
        key = self.get_object()
        keys.revoke(key, change_by(request, valid(ReasonSerializer(data=request.data))["reason"]))
        return self._told(key, 200)

    def _told(self, key: ApiKey, status: int, text: str = "") -> Response:
        """The key; `key` is its text, where it has a new one."""
        return Response({**ApiKeySerializer(key).data, **({"key": text} if text else {})}, status)
