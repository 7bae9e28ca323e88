"""Accounts in the REST API."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from rest_framework import mixins, viewsets
from rest_framework.exceptions import ValidationError

from budgets.models import Account
from budgets.people.ownership import visible
from budgets.people.roles import ACCOUNT_FIELDS
from budgets.serializers.accounts import AccountChangeSerializer, AccountSerializer
from routerhub.audit import history
from routerhub.audit.change import change_by
from routerhub.audit.permissions import TablePermissions, may
from routerhub.tenancy.scope import system


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
        self._save(Account(), serializer)

    def perform_update(self, serializer: Any) -> None:
        """Staff change everything, an account's own people what is theirs to choose."""
        given = serializer.validated_data.keys() - {"reason"}
        if not may(self.request.user, "change", Account) and (staffs := sorted(given - ACCOUNT_FIELDS)):
            text = f"Staff change this. An account's own people change {', '.join(sorted(ACCOUNT_FIELDS))}."
            raise ValidationError(dict.fromkeys(staffs, text))
        self._save(serializer.instance, serializer)

    @system()
    @transaction.atomic
    def _save(self, row: Account, serializer: Any) -> None:
        """A new account is nobody's yet, and no other may have its slug."""
        values = dict(serializer.validated_data)
        change = change_by(self.request, values.pop("reason"))
        for name, value in values.items():
            setattr(row, name, value)
        row.full_clean()
        history.stamp(row, change)
        row.save()
        serializer.instance = row
