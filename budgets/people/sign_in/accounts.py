"""What django-allauth asks of us about logins and second factors."""

import base64
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from budgets.people import invitations, members
from routerhub.audit.change import address_of
from routerhub.sealing import Sealer

UNKNOWN_ADDRESS = "0.0.0.0"  # noqa: S104 - stands for who asks over a socket file, and is bound to nowhere
SEALED_FOR = "second factor"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # it ships no types
    """Nobody signs up without an invitation; and who asks is known by what the server says, as everywhere."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return invitations.brought(request) is not None

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request) or UNKNOWN_ADDRESS

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return reverse("admin:index" if request.user.is_staff else "people_home")

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        return self.get_login_redirect_url(request)


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets of authenticator apps are sealed as all others are."""

    def get_totp_issuer(self) -> str:
        return "RouterHub"

    def encrypt(self, text: str) -> str:
        return base64.b64encode(Sealer(settings.STORAGE_KEYS).seal(SEALED_FOR, text.encode())).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return Sealer(settings.STORAGE_KEYS).open(SEALED_FOR, base64.b64decode(encrypted_text)).decode()


def sessions_end(*, request: HttpRequest, user: Any, **_: Any) -> None:
    """Who gets a second factor has every other session ended, which was begun without it."""
    members.end_sessions(user, but=request.session.session_key)


def invited_is_member(*, request: HttpRequest, user: Any, **_: Any) -> None:
    """Who signed up with an invitation has accepted it."""
    if invitation := invitations.brought(request):
        invitations.accept(invitation, user, address_of(request))
