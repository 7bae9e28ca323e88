"""Who may do what in the REST API: Django's own permissions decide, as they do in the admin.

A key asks for the person whom it belongs to, and only where it has the permission "admin" itself: see
budgets.authentication.KeyUser. A view names its table (`table`, else that of its queryset) and, in `readers`, who beside
staff may read it.
"""

from typing import Any, Literal

from django.db.models import Model
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

Readers = Literal["staff", "routing", "known"]
"""Who may read: only who has Django's view permission; also a key with "routing"; whoever is known here."""
VERBS = {"POST": "add", "PUT": "change", "PATCH": "change", "DELETE": "delete"}


def may(user: Any, verb: str, table: type[Model]) -> bool:
    """Whether a session or a key may view, add, change or delete rows of a table."""
    return bool(user.has_perm(f"{table._meta.app_label}.{verb}_{table._meta.model_name}"))


class TablePermissions(BasePermission):
    """The one permission class of the REST API."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        table, verb = _table(view), _verb(request, view)
        if verb == "view" and _is_reader(request, getattr(view, "readers", "staff")):
            return True
        self.message = f"This needs the right to {verb} {table._meta.verbose_name_plural}: {_advice(request)}"
        return may(request.user, verb, table)


def _table(view: Any) -> type[Model]:
    found: type[Model] = view.table if hasattr(view, "table") else view.queryset.model
    return found


def _verb(request: Request, view: Any) -> str:
    """What a request does to the table. An action on a row changes it, whatever its method, unless it is one that adds."""
    if request.method in SAFE_METHODS or getattr(view, "only_reads", False):
        return "view"
    action = getattr(view, "action", None)
    if action not in {None, "create", *getattr(view, "adding_actions", ())} and request.method == "POST":
        return "change"
    verb: str = getattr(view, "verbs", VERBS).get(request.method or "", "change")
    return verb


def _is_reader(request: Request, readers: Readers) -> bool:
    held: frozenset[str] = getattr(request.auth, "permissions", frozenset())
    return readers == "known" or (readers == "routing" and not held.isdisjoint({"routing", "admin"}))


def _advice(request: Request) -> str:
    if request.auth is None:
        return "ask an administrator for it."
    return "a key has the rights of the person it belongs to, and only with the permission 'admin'."
