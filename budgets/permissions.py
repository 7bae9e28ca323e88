"""Who may do what in the REST API."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from budgets.choices import KeyPermission
from budgets.types import Caller


def may_change(request: Request) -> bool:
    """Staff, or a key with the permission "admin"."""
    if isinstance(request.auth, Caller):
        return KeyPermission.ADMIN.value in request.auth.permissions
    return bool(request.user.is_staff)


class ReadsAndStaffChanges(BasePermission):
    """A key with the permission "routing" or "admin", or a staff session, may read; staff and "admin" keys may change."""

    message = "This needs a staff login or an API key with the permission 'admin' (to read: 'routing')."

    def has_permission(self, request: Request, view: Any) -> bool:
        if may_change(request):
            return True
        reads = request.method in SAFE_METHODS or getattr(view, "reads_only", False)
        return reads and isinstance(request.auth, Caller) and KeyPermission.ROUTING.value in request.auth.permissions
