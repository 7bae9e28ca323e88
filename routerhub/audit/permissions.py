"""Who may do what in the REST API: Django's own permissions decide, as they do in the admin.

A key asks for the person whom it belongs to, and only where it has the permission "admin" itself: see
budgets.people.authentication.KeyUser. A view names its table (`table`, else that of its queryset); in `readers`, which keys may
read it whoever they belong to; with `own_rows`, that every key reads and writes the rows of its own account; and with
`by_account`, that an account's own people come in as far as their role goes (budgets.people.roles), which is asked of Django's
permissions about a row, or about `SOMEWHERE`.
"""

from typing import Any, Literal

from django.db.models import Model
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

Readers = Literal["staff", "routing", "keys"]
"""Who may read beside those who have Django's view permission: nobody; keys with "routing"; every key."""
SOMEWHERE = object()
"""Stands for some account of a person, where there is no row yet to ask about."""
VERBS = {"GET": "view", "POST": "add", "PUT": "change", "PATCH": "change", "DELETE": "delete"}


def right(verb: str, table: type[Model]) -> str:
    """Django's name of the right to view, add, change or delete rows of a table."""
    return f"{table._meta.app_label}.{verb}_{table._meta.model_name}"


def may(user: Any, verb: str, table: type[Model]) -> bool:
    """Whether a login or a key may view, add, change or delete rows of a table. Who may change may view, as in the admin."""
    verbs = ("view", "change") if verb == "view" else (verb,)
    return any(user.has_perm(right(each, table)) for each in verbs)


class TablePermissions(BasePermission):
    """The one permission class of the REST API."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        table, verb = _table(view), _verb(request, view)
        if request.auth is not None and _is_open(request.auth, view, verb):
            return True
        self.message = f"This needs the right to {verb} {table._meta.verbose_name_plural}: {_advice(request)}"
        return may(request.user, verb, table) or (
            getattr(view, "by_account", False) and request.user.has_perm(right(verb, table), SOMEWHERE)
        )

    def has_object_permission(self, request: Request, view: Any, obj: Model) -> bool:
        """That a role that opens the view opens this row of it, too."""
        table, verb = _table(view), _verb(request, view)
        is_open = request.auth is not None and _is_open(request.auth, view, verb)
        return is_open or may(request.user, verb, table) or request.user.has_perm(right(verb, table), obj)


def _table(view: Any) -> type[Model]:
    found: type[Model] = view.table if hasattr(view, "table") else view.queryset.model
    return found


def _verb(request: Request, view: Any) -> str:
    """What a request does to the table. An action on a row changes it, whatever its method, unless it is one that adds."""
    method = "GET" if request.method in SAFE_METHODS or getattr(view, "only_reads", False) else str(request.method)
    action = getattr(view, "action", None)
    if method == "POST" and action not in {None, "create", *getattr(view, "adding_actions", ())}:
        return "change"
    verb: str = getattr(view, "verbs", VERBS).get(method, "change")
    return verb


def _is_open(key: Any, view: Any, verb: str) -> bool:
    """Whether a key may do it without being an administrator's."""
    if getattr(view, "own_rows", False):
        return True
    readers: Readers = getattr(view, "readers", "staff")
    held = {"keys", *key.permissions, *({"routing"} if "admin" in key.permissions else ())}
    return verb == "view" and readers in held


def _advice(request: Request) -> str:
    if request.auth is None:
        return "ask an administrator for it."
    return "a key has the rights of the person it belongs to, and only with the permission 'admin'."
