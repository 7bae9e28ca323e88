"""Signing in by OpenID Connect: a real exchange with a small provider on loopback."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings as configured
from django.contrib.auth.models import User
from django.test import Client

from budgets.errors import MemberInactive
from budgets.models import Membership
from budgets.people.keys import find_caller
from budgets.people.sign_in.groups import grants_of, groups_in, roles_by
from tests.budgets.people.provider import CLIENT, SECRET, Provider
from tests.cast import Cast

ROLES = {"ops": "acme:admin", "everybody": ["acme:viewer", "other:viewer"]}
OPS: dict[str, Any] = {"groups": ["ops"]}


@pytest.fixture(scope="module")
def one() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.close()


@pytest.fixture
def provider(one: Provider, settings: Any, cast: Cast) -> Provider:
    """As it was at first, and set up here."""
    one.claims, one.access, one.userinfo, one.called = {"sub": "248289761001"}, None, {}, None
    one.signed_by, one.algorithm, one.audience = None, "RS256", CLIENT
    settings.OIDC_ROLES = grants_of(ROLES)
    providers = deepcopy(configured.SOCIALACCOUNT_PROVIDERS)
    app = {**configured.OIDC_APP, "client_id": CLIENT, "secret": SECRET, "settings": {"server_url": one.issuer}}
    providers["openid_connect"]["APPS"] = [app]
    settings.SOCIALACCOUNT_PROVIDERS = providers
    return one


def sign_in(provider: Provider, client: Client | None = None, query: str = "") -> tuple[Client, Any]:
    """All the way there and back."""
    client = client or Client()
    sent = client.post(f"/accounts/oidc/oidc/login/{query}")
    assert sent.status_code == 302, sent.content
    return client, client.get(provider.authorize(sent["Location"]))


def who(client: Client) -> str | None:
    known = client.session.get("_auth_user_id")
    return User.objects.get(pk=known).username if known else None


def linked(provider: Provider, user: User) -> None:
    """That login belongs to the provider's person."""
    client = Client()
    client.force_login(user)
    _, answer = sign_in(provider, client, "?process=connect")
    assert answer.status_code == 302
    assert SocialAccount.objects.get(user=user).uid == f"{provider.issuer}#{provider.claims['sub']}"


@pytest.mark.parametrize(
    ("id_token", "access", "userinfo"),
    [
        ({"groups": ["ops", "x"]}, None, {}), ({"groups": "ops"}, None, {}), ({}, {"roles": ["ops"]}, {}),
        ({}, {"role": "ops"}, {}), ({}, None, {"groups": ["ops"]}), ({}, None, {"group": "ops"}),
    ],
)  # fmt: skip
def test_groups_give_roles_wherever_and_however_they_are_told(
    provider: Provider, id_token: Any, access: Any, userinfo: Any
) -> None:
    provider.claims |= {"preferred_username": "dee", **id_token}
    provider.access, provider.userinfo = access, {"preferred_username": "dee", **userinfo}
    client, answer = sign_in(provider)
    assert (answer.status_code, answer["Location"], who(client)) == (302, "/accounts/", "dee")
    assert [(each.account.slug, each.role) for each in Membership.objects.filter(user__username="dee")] == [
        ("acme", "admin")
    ]
    assert Membership.history.first().history_change_reason == "groups of the OpenID Connect provider"


def test_roles_follow_the_groups_at_every_login_and_a_demotion_ends_sessions(provider: Provider, cast: Cast) -> None:
    linked(provider, cast.ben.user)
    provider.claims |= OPS
    before, _ = sign_in(provider)
    assert Membership.objects.get(user=cast.ben.user).role == "admin"
    again, _ = sign_in(provider)
    assert (who(before), who(again)) == ("ben", "ben")
    provider.claims["groups"] = ["everybody"]
    now, _ = sign_in(provider)
    roles = dict(Membership.objects.filter(user=cast.ben.user).values_list("account__slug", "role"))
    assert roles == {"acme": "viewer", "other": "viewer"}
    assert [before.get("/api/accounts").status_code, again.get("/api/accounts").status_code] == [401, 401]
    assert now.get("/api/accounts").status_code == 200
    assert UserSession.objects.filter(user=cast.ben.user).count() == 1
    del provider.claims["groups"]
    nothing, _ = sign_in(provider)
    assert not Membership.objects.filter(user=cast.ben.user, is_active=True).exists()
    assert nothing.get("/api/accounts").status_code == 403
    with pytest.raises(MemberInactive):
        find_caller(cast.ben.text)


def test_the_last_owner_stays_whatever_the_groups_say(provider: Provider, cast: Cast) -> None:
    linked(provider, cast.ada.user)
    client, _ = sign_in(provider)
    assert who(client) == "ada"
    assert Membership.objects.filter(user=cast.ada.user, role="owner", is_active=True).exists()


@pytest.mark.parametrize("is_verified", [False, "false", None])
def test_nobody_is_found_by_an_unverified_email(provider: Provider, cast: Cast, is_verified: Any) -> None:
    User.objects.filter(username="ada").update(email="ada@acme.example")
    provider.userinfo = {"email": "ada@acme.example", "email_verified": is_verified, **OPS}
    client, _ = sign_in(provider)
    assert who(client) not in {None, "ada"}
    assert User.objects.filter(email="ada@acme.example").count() == 1


def test_a_verified_email_finds_nobody_either(provider: Provider, cast: Cast) -> None:
    User.objects.filter(username="ada").update(email="ada@acme.example")
    provider.userinfo = {"email": "ada@acme.example", "email_verified": True, **OPS}
    client, _ = sign_in(provider)
    assert who(client) is None
    assert not SocialAccount.objects.exists()


def test_the_same_subject_of_another_issuer_is_somebody_else(provider: Provider, cast: Cast) -> None:
    linked(provider, cast.ben.user)
    SocialAccount.objects.update(uid=f"https://elsewhere.example#{provider.claims['sub']}")
    client, answer = sign_in(provider)
    assert who(client) is None
    assert "signup" in answer.templates[0].name


def test_who_brings_neither_a_group_nor_an_invitation_gets_no_login(provider: Provider) -> None:
    client, answer = sign_in(provider)
    assert (who(client), answer.templates[0].name) == (None, "account/signup_closed.html")
    assert not User.objects.filter(socialaccount__isnull=False).exists()


def forged(provider: Provider) -> None:
    provider.signed_by = rsa.generate_private_key(65537, 2048)


def shared(provider: Provider) -> None:
    provider.algorithm = "HS256"


def of_another_client(provider: Provider) -> None:
    provider.audience = "somebody else"


def of_another_issuer(provider: Provider) -> None:
    provider.claims["iss"] = "https://elsewhere.example"


def over(provider: Provider) -> None:
    provider.claims["exp"] = 1


def about_another_subject(provider: Provider) -> None:
    provider.userinfo = {"sub": "another", **OPS}


@pytest.mark.parametrize("wrong", [forged, shared, of_another_client, of_another_issuer, over, about_another_subject])
def test_a_token_that_does_not_hold_signs_nobody_in(provider: Provider, wrong: Any) -> None:
    provider.claims |= OPS
    wrong(provider)
    client, answer = sign_in(provider)
    assert (who(client), answer.templates[0].name) == (None, "socialaccount/authentication_error.html")
    assert not SocialAccount.objects.exists()


def test_a_provider_that_calls_itself_otherwise_is_not_asked(provider: Provider) -> None:
    provider.called = "https://elsewhere.example"
    answer = Client().post("/accounts/oidc/oidc/login/")
    assert answer.templates[0].name == "socialaccount/authentication_error.html"


def test_a_code_that_somebody_else_began_is_worth_nothing(provider: Provider) -> None:
    provider.claims |= OPS
    begun = Client().post("/accounts/oidc/oidc/login/")["Location"]
    client, exchanged = Client(), provider.exchanged
    client.get(provider.authorize(begun))
    assert (who(client), provider.exchanged) == (None, exchanged)


def test_the_sign_in_page_offers_the_provider_where_there_is_one(provider: Provider) -> None:
    assert b"Continue with single sign-on" in Client().get("/accounts/login/").content


# --- groups and roles, pure


def test_the_highest_role_counts_and_accounts_that_no_group_decides_over_are_left_alone() -> None:
    grants = grants_of({"a": "acme:viewer", "b": ["acme:owner", "lab:member"], "c": "acme:admin"})
    assert roles_by({"a", "c"}, grants) == {"acme": "admin", "lab": None}
    assert roles_by({"unknown"}, grants) == {"acme": None, "lab": None}


def test_claims_may_lie_deeper_and_may_be_nonsense() -> None:
    told = {"access_token": {"realm_access": {"roles": ["ops", 7]}}, "id_token": {"groups": 3}}
    assert groups_in(told, ["realm_access.roles", "groups", "groups.x"]) == {"ops"}


@pytest.mark.parametrize("raw", [[], {"a": "acme"}, {"a": "acme:king"}, {"a": [":owner"]}])
def test_grants_that_make_no_sense_are_refused(raw: Any) -> None:
    with pytest.raises(ValueError, match=r"account:role|object"):
        grants_of(raw)
