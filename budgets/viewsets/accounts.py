"""Accounts in the REST API."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import mixins, viewsets

from budgets.models import Account
from budgets.people import settings
from budgets.people.ownership import visible
from budgets.serializers.accounts import AccountChangeSerializer, AccountSerializer
from routerhub.audit.change import Change, change_by
from routerhub.audit.permissions import TablePermissions


class AccountViewSet(mixins.CreateModelMixin, mixins.UpdateModelMixin, viewsets.ReadOnlyModelViewSet[Account]):
    """Who spends, whether models marked pro answer them and successors of retired ones, and what is kept for them. A change is in
    force within a second."""

    queryset = Account.objects.all()
    permission_classes = [TablePermissions]
    by_account = True
    lookup_field = "slug"
    http_method_names = ["get", "post", "patch", "head", "options"]

    def get_queryset(self) -> QuerySet[Account]:
        """All of them for a login with the right, those that they belong to for everybody else; an administrator's key has its
        own account to look after."""
        return visible(super().get_queryset(), self.request.user)

    def get_serializer_class(self) -> Any:
        return AccountSerializer if self.action in {"list", "retrieve"} else AccountChangeSerializer

    def perform_create(self, serializer: Any) -> None:
        serializer.instance = Account()
        settings.save(serializer.instance, *self._asked(serializer))

    def perform_update(self, serializer: Any) -> None:
        """Staff change everything, an account's own people what is theirs to choose."""
        settings.change(serializer.instance, self.request.user, *self._asked(serializer))

    def _asked(self, serializer: Any) -> tuple[dict[str, Any], Change]:
        values = dict(serializer.validated_data)
        return values, change_by(self.request, values.pop("reason"))
