"""OpenID Connect: who somebody is by issuer and subject, never by an email; what they may by their groups, at every login.

django-allauth does the exchange (authorization code with PKCE). Beside that, the id_token's signature is checked here, userinfo
has to be about the same subject, and the provider has to be the one that is configured.
"""

import hashlib
import logging
from collections.abc import Mapping
from typing import Any

import jwt
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from requests import RequestException

from budgets.choices import Role
from budgets.models import Account, Membership
from budgets.people import invitations, members
from budgets.people.sign_in.groups import groups_in, roles_by
from routerhub.audit.change import Change, address_of
from routerhub.tenancy.scope import system

logger = logging.getLogger(__name__)
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
"""By which a provider may sign: with a key of its own, which it does not share with anybody."""
MAX_UID = 191


class IssuersProvider(OpenIDConnectProvider):  # type: ignore[misc]  # it ships no types
    """A provider whose people are known by issuer and subject together."""

    def get_oauth2_adapter(self, request: HttpRequest) -> "Exchange":
        return Exchange(request, self.app.provider_id)

    def extract_uid(self, data: Mapping[str, Any]) -> str:
        claims = data["id_token"]
        uid = f"{claims['iss']}#{claims['sub']}"
        return uid if len(uid) <= MAX_UID else hashlib.sha256(uid.encode()).hexdigest()

    def extract_email_addresses(self, data: Mapping[str, Any]) -> list[Any]:
        """Verified ones alone: an unverified one says nothing about anybody."""
        return [each for each in super().extract_email_addresses(data) if each.verified]

    def extract_common_fields(self, data: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = super().extract_common_fields(data)
        return found if self.extract_email_addresses(data) else {**found, "email": None}


class Exchange(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """One exchange with the provider."""

    @property
    def openid_config(self) -> dict[str, Any]:
        found: dict[str, Any] = super().openid_config
        configured = self.get_provider().app.settings["server_url"]
        if str(found.get("issuer")).rstrip("/") != configured.rstrip("/"):
            raise OAuth2Error(
                f"The provider calls itself {found.get('issuer')!r}, not {configured!r} as OIDC_ISSUER says."
            )
        return found

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **given: Any) -> SocialLogin:
        answer = given["response"]
        if "id_token" not in answer:
            raise OAuth2Error("The provider's answer has no id_token.")
        told = {
            "id_token": self._claims(answer["id_token"], app.client_id),
            "access_token": self._access_claims(token.token),
            "userinfo": self._fetch_user_info(token.token) if "userinfo_endpoint" in self.openid_config else {},
        }
        if told["userinfo"] and told["userinfo"].get("sub") != told["id_token"]["sub"]:
            raise OAuth2Error("The provider's userinfo is about somebody else than its id_token.")
        return self.get_provider().sociallogin_from_response(request, told)

    def _claims(self, text: str, audience: str) -> dict[str, Any]:
        """Of an id_token, signature and all checked. Raises OAuth2Error."""
        _demand_algorithm(text)
        claims: dict[str, Any] = jwtkit.verify_and_decode(
            credential=text, keys_url=self.openid_config["jwks_uri"], issuer=self.openid_config["issuer"],
            audience=audience, lookup_kid=jwtkit.lookup_kid_jwk,
        )  # fmt: skip
        return claims

    def _access_claims(self, text: str) -> dict[str, Any]:
        """Of an access token that the same issuer signed; nothing where it is one that only the provider can read."""
        try:
            _demand_algorithm(text)
            algorithm, key = jwtkit.fetch_key(text, self.openid_config["jwks_uri"], jwtkit.lookup_kid_jwk)
            options: Any = {"verify_aud": False}
            return jwt.decode(text, key, algorithms=[algorithm], issuer=self.openid_config["issuer"], options=options)
        except (jwt.PyJWTError, OAuth2Error, KeyError):
            return {}


def _demand_algorithm(text: str) -> None:
    """Raises OAuth2Error."""
    try:
        header = jwt.get_unverified_header(text)
    except jwt.PyJWTError as problem:
        raise OAuth2Error("A token is no JWT.") from problem
    if header.get("alg") not in ALGORITHMS or "kid" not in header:
        raise OAuth2Error(
            f"A token is signed by {header.get('alg')!r}; allowed are {', '.join(sorted(ALGORITHMS))}, with a kid."
        )


class PeopleAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Who comes from the provider, and as what."""

    def get_provider(self, request: HttpRequest, provider: str, client_id: str | None = None) -> Any:
        found = super().get_provider(request, provider, client_id)
        return IssuersProvider(request, app=found.app) if isinstance(found, OpenIDConnectProvider) else found

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """For who is invited, and for whom a group gives a role."""
        return invitations.brought(request) is not None or any(_roles(sociallogin).values())

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Before the new session begins, so that those that a demotion ends are the others."""
        if sociallogin.is_existing:
            sync(sociallogin.user, sociallogin, address_of(request))

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> Any:
        user = super().save_user(request, sociallogin, form)
        sync(user, sociallogin, address_of(request))
        return user


def _roles(sociallogin: SocialLogin) -> Mapping[str, Role | None]:
    return roles_by(groups_in(sociallogin.account.extra_data, settings.OIDC_GROUP_CLAIMS), settings.OIDC_ROLES)


@system()
@transaction.atomic
def sync(user: Any, sociallogin: SocialLogin, address: str | None) -> None:
    """Somebody's roles as their groups say now, in every account that groups decide over: given, changed and taken."""
    roles = _roles(sociallogin)
    held = {each.account.slug: each for each in Membership.objects.filter(user=user).select_related("account")}
    for account in Account.objects.filter(slug__in=roles):
        role, row = roles[account.slug], held.get(account.slug)
        if row is None and role is not None:
            row = Membership(user=user, account=account)
        if row is not None and (row.role, row.is_active) != (role or row.role, role is not None):
            row.role, row.is_active = role or row.role, role is not None
            _save(row, Change(reason="groups of the OpenID Connect provider", address=address))


def _save(row: Membership, change: Change) -> None:
    """The last owner stays, whatever groups say: nobody could let anybody in again."""
    try:
        with transaction.atomic():
            members.save(row, change)
    except ValidationError as refused:
        logger.warning(
            "action=sync_roles user=%s account=%s problem=%s", row.user_id, row.account.slug, refused.messages
        )


def login(request: HttpRequest, provider_id: str) -> HttpResponse:
    """To the provider."""
    return _through(OAuth2LoginView, request, provider_id)


def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Back from the provider."""
    return _through(OAuth2CallbackView, request, provider_id)


def _through(view: Any, request: HttpRequest, provider_id: str) -> HttpResponse:
    configured: Any = settings.SOCIALACCOUNT_PROVIDERS
    if provider_id not in {each["provider_id"] for each in configured["openid_connect"]["APPS"]}:
        raise Http404("No OpenID Connect provider is configured by that name: see OIDC_ISSUER.")
    exchange = Exchange(request, provider_id)
    try:
        answer: HttpResponse = view.adapter_view(exchange)(request)
    except (OAuth2Error, RequestException) as problem:
        logger.warning("action=sign_in problem=%s", problem)
        answer = render_authentication_error(request, exchange.get_provider(), exception=problem)
    return answer
