"""Signing in by password and second factor: the one way into all pages, and no way around."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from tests.budgets.people.test_openid import who
from tests.cast import Cast

PASSWORD, SECRET = "a password of a test", "JBSWY3DPEHPK3PXP"
LOGIN = "/accounts/login/"


pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(cast: Cast) -> User:
    cast.staff.set_password(PASSWORD)
    cast.staff.save()
    user: User = cast.staff
    return user


def code() -> str:
    return str(format_hotp_value(hotp_value(SECRET, next(iter(yield_hotp_counters_from_time())))))


def enter(client: Client, name: str = "staff", password: str = PASSWORD) -> Any:
    return client.post(LOGIN, {"login": name, "password": password})


def test_a_password_is_not_enough_where_there_is_a_second_factor(staff: User) -> None:
    TOTP.activate(staff, SECRET)
    client = Client()
    assert enter(client)["Location"] == "/accounts/2fa/authenticate/"
    for page, status in (("/admin/", 302), ("/api/accounts", 401), ("/admin/password_change/", 302)):
        assert client.get(page).status_code == status, page
    assert client.post("/admin/login/", {"username": "staff", "password": PASSWORD}).status_code == 302
    assert who(client) is None
    client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert who(client) is None
    assert client.post("/accounts/2fa/authenticate/", {"code": code()})["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_no_other_way_of_the_api_takes_a_password(staff: User) -> None:
    basic = Client(headers={"Authorization": "Basic c3RhZmY6YSBwYXNzd29yZCBvZiBhIHRlc3Q="})
    assert basic.get("/api/accounts").status_code == 401
    assert basic.get("/admin/").status_code == 302


def test_recovery_codes_open_once_and_secrets_are_sealed(staff: User) -> None:
    client = Client()
    enter(client)
    assert client.get("/accounts/2fa/totp/activate/").status_code == 302, "the password is asked for once more"
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    shown = client.get("/accounts/2fa/totp/activate/")
    secret = shown.context["form"].secret
    now = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    assert client.post("/accounts/2fa/totp/activate/", {"code": now}).status_code == 302
    kept = str(list(Authenticator.objects.values("data")))
    assert secret not in kept
    codes = client.get("/accounts/2fa/recovery-codes/").context["unused_codes"]
    assert len(codes) == 10
    for expected in ("staff", None):
        other = Client()
        enter(other)
        other.post("/accounts/2fa/authenticate/", {"code": codes[0]})
        assert who(other) == expected


def test_who_lost_a_second_factor_is_let_in_anew_by_command(staff: User) -> None:
    TOTP.activate(staff, SECRET)
    call_command("reset_second_factor", "--user=staff")
    assert enter(Client())["Location"] == "/admin/"


def test_staff_get_nowhere_without_a_second_factor_where_that_is_set(staff: User, cast: Cast, settings: Any) -> None:
    settings.STAFF_NEED_SECOND_FACTOR = True
    client = Client()
    enter(client)
    assert client.get("/admin/budgets/account/")["Location"] == (
        "/accounts/2fa/totp/activate/?next=%2Fadmin%2Fbudgets%2Faccount%2F"
    )
    refused = client.get("/api/accounts")
    assert (refused.status_code, refused["Content-Type"]) == (403, "application/problem+json")
    assert "/accounts/2fa/totp/activate/" in refused.json()["detail"]
    TOTP.activate(staff, SECRET)
    assert client.get("/admin/")["Location"].startswith("/accounts/2fa/reauthenticate/")
    assert client.post("/accounts/2fa/reauthenticate/?next=/admin/", {"code": code()}).status_code == 302
    assert client.get("/admin/").status_code == 200
    member = Client()
    member.force_login(cast.ada.user)
    assert member.get("/api/accounts").status_code == 200


def test_whoever_is_unknown_gets_the_same_answer_as_whoever_errs(staff: User) -> None:
    def answer(name: str) -> tuple[int, bytes]:
        told = enter(Client(), name, "wrong")
        return told.status_code, told.content.replace(name.encode(), b"")

    def plain(told: tuple[int, bytes]) -> Any:
        return told[0], [line for line in told[1].splitlines() if b"csrfmiddlewaretoken" not in line]

    assert plain(answer("staff")) == plain(answer("nobody"))


@pytest.mark.parametrize("name", ["staff", "nobody"])
def test_tries_are_counted_whoever_they_are_for(staff: User, name: str) -> None:
    for _ in range(5):
        assert "not correct" in enter(Client(), name, "wrong").content.decode()
    client = Client()
    assert "Too many failed login attempts" in enter(client, name).content.decode()
    assert who(client) is None


def test_nobody_signs_up_without_an_invitation() -> None:
    client = Client()
    sent = {"username": "eve", "email": "eve@example.org", "password1": "a long enough word"}
    assert client.post("/accounts/signup/", sent).templates[0].name == "account/signup_closed.html"
    assert not User.objects.filter(username="eve").exists()


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_a_sign_in_leads_to_pages_of_this_site_alone(staff: User, wanted: str) -> None:
    assert Client().get(f"/admin/login/?next={wanted}")["Location"] == "/accounts/login/?next=/admin/"
    assert Client().post(f"{LOGIN}?next={wanted}", {"login": "staff", "password": PASSWORD})["Location"] == "/admin/"


def test_members_land_on_their_accounts_and_get_no_admin_page(cast: Cast) -> None:
    cast.ada.user.set_password(PASSWORD)
    cast.ada.user.save()
    client = Client()
    assert enter(client, "ada")["Location"] == "/accounts/"
    page = client.get("/accounts/").content.decode()
    assert "Acme" in page
    assert "Other" not in page
    assert client.get("/admin/", follow=True).status_code == 403
    assert UserSession.objects.filter(user=cast.ada.user).count() == 1
