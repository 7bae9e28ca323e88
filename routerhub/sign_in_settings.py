"""The settings of signing in, a part of routerhub.settings: by password, second factor and OpenID Connect, and mails about it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from budgets.people.sign_in.groups import Grant, grants_of

env = environ.Env()


def _roles(name: str) -> Mapping[str, Sequence[Grant]]:
    """Roles in accounts by a group of the OpenID Connect provider, as JSON."""
    raw: str = env.str(name, "{}")
    try:
        return grants_of(json.loads(raw))
    except ValueError as problem:
        raise ImproperlyConfigured(
            f"{name}={raw!r}: {problem}. Write JSON such as "
            + '{"ops": "acme:admin", "all": ["acme:viewer", "lab:member"]}.'
        ) from problem


AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "budgets.people.rights.RoleBackend",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "people_home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "budgets.people.sign_in.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_SESSION_REMEMBER = True
MFA_ADAPTER = "budgets.people.sign_in.accounts.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
SOCIALACCOUNT_ADAPTER = "budgets.people.sign_in.openid.PeopleAdapter"
SOCIALACCOUNT_QUERY_EMAIL = False
SOCIALACCOUNT_EMAIL_REQUIRED = False
# An OpenID Connect provider by its issuer, and what its groups give. Without an issuer there is none.
OIDC_ISSUER = env.str("OIDC_ISSUER", "")
OIDC_GROUP_CLAIMS = env.list("OIDC_GROUP_CLAIMS", default=["groups", "roles", "group", "role"])
OIDC_ROLES = _roles("OIDC_ROLES")
OIDC_APP = {
    "provider_id": "oidc",
    "name": env.str("OIDC_NAME", "single sign-on"),
    "client_id": env.str("OIDC_CLIENT_ID", ""),
    "secret": env.str("OIDC_CLIENT_SECRET", ""),
    "settings": {"server_url": OIDC_ISSUER},
}
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {
    "openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [OIDC_APP] if OIDC_ISSUER else []},
}
# How often somebody may try: counted in the database, for all processes together.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "sign_in_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
# A mail server, as smtp+tls://user:password@host:587; empty: there is none, and invitations go by link.
EMAIL_URL = env.str("EMAIL_URL", "")
vars().update(env.email_url("EMAIL_URL", default="dummymail://"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", "routerhub@localhost")
