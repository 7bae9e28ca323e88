"""API keys for the REST API: the same ones that the gateway takes."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.functional import cached_property
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from budgets.choices import Endpoint, KeyPermission
from budgets.errors import KeyOutOfScope, KeyRefused
from budgets.people.keys import find_caller
from budgets.people.rights import RoleBackend
from budgets.people.uses import KeyUses
from budgets.types import Caller
from routerhub.audit.change import address_of
from routerhub.tenancy import scope

ROLES = RoleBackend()
USES = KeyUses()


class KeyUser:
    """Stands for whoever holds the key. It has the rights of the person whom the key belongs to, and only where the key has
    the permission "admin" itself: a key that belongs to nobody, or was made to call models, changes nothing."""

    is_authenticated = True
    is_active = True

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.pk = self.id = caller.user_id

    @cached_property
    def person(self) -> User | None:
        """Whose key it is."""
        return User.objects.filter(pk=self.pk, is_active=True).first() if self.pk is not None else None

    @property
    def is_staff(self) -> bool:
        return self.acts_as_person and bool(self.person and self.person.is_staff)

    def has_perm(self, permission: str, obj: Any = None) -> bool:
        """Whether the key may do what Django calls by that name; by a role of its person, in the key's account alone."""
        if not self.acts_as_person or self.person is None:
            return False
        return self.person.has_perm(permission, obj) if obj is None else ROLES.has_perm(self, permission, obj)

    def has_perms(self, permissions: Iterable[str], obj: Any = None) -> bool:
        """Whether it may do all of that."""
        return all(self.has_perm(each, obj) for each in permissions)

    @property
    def acts_as_person(self) -> bool:
        """Whether it was given the rights of its person."""
        return KeyPermission.ADMIN.value in self.caller.permissions

    def __str__(self) -> str:
        return f"API key {self.caller.key_name}"


def caller_of(request: Request) -> Caller | None:
    """Whose key asks; None for a login."""
    return request.auth if isinstance(request.auth, Caller) else None


def _check_scope(caller: Caller, address: str | None) -> None:
    """That a bound key is used where it may be. Raises PermissionDenied."""
    scope = caller.scope
    if scope and scope.endpoints and Endpoint.API not in scope.endpoints:
        refused = KeyOutOfScope(caller.key_name, "endpoint", Endpoint.API, scope.endpoints)
    elif scope and not scope.is_open_at(address):
        refused = KeyOutOfScope(
            caller.key_name, "address", address or "unknown", [str(each) for each in scope.networks]
        )
    else:
        return
    raise PermissionDenied(str(refused), refused.code)


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer rh_...`. Sets request.auth to the Caller,
    whose rows alone are seen from then on. Without that header, others may try."""

    def authenticate(self, request: Request) -> tuple[KeyUser, Caller] | None:
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            caller = find_caller(text.strip())
            scope.enter(scope.of_key(caller.account_id, caller.user_id))
        except KeyRefused as refused:
            raise AuthenticationFailed(str(refused), refused.code) from refused
        _check_scope(caller, address_of(request))
        USES.note(caller.key_id, timezone.now())
        with scope.system():
            USES.write()
        return KeyUser(caller), caller

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="RouterHub"'


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI schema names it."""

    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}
