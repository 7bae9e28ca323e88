"""Who may change the catalogue by API. Duck-typed, since keys belong to an app beside this one."""

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


def is_staff(request: Request) -> bool:
    """Whether staff asks: a staff login, or a key with the permission "admin"."""
    return bool(request.user.is_staff) or "admin" in getattr(request.auth, "permissions", ())


class AllReadStaffChange(BasePermission):
    """Whoever is known here may read; a staff login or a key with the permission "admin" may change."""

    message = "This needs a staff login or an API key with the permission 'admin'."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(request.user.is_authenticated) and (request.method in SAFE_METHODS or is_staff(request))


class StaffOnly(BasePermission):
    """A staff login, or a key with the permission "admin"."""

    message = AllReadStaffChange.message

    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(request.user.is_authenticated) and is_staff(request)
