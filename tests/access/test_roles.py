"""Every role against every address of the API, about one's own account and about another's: made from the table of roles, the
list of doors and the URL configuration, so that neither a new address nor a new right can be forgotten."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.timezone import now

from budgets.models import Account, ApiKey, Invitation, Limit, Membership
from budgets.people.keys import create_key
from budgets.people.roles import ORDER, TABLE, extent
from tests.access import routes
from tests.access.test_api import DOORS, OWN, is_open, login
from tests.cast import Cast, Member, UserFactory

ROLES = [*(role.value for role in ORDER), "stranger"]


def person(cast: Cast, role: str) -> User:
    """Somebody with that role in acme; a stranger belongs nowhere."""
    user = UserFactory.create(username=f"the {role}")
    if role != "stranger":
        Membership.objects.create(user=user, account=cast.ada.account, role=role)
    return user


def may(role: str, place: str) -> bool:
    """Whether the table lets a role in there, about some row or other."""
    right = DOORS[place].right
    own = DOORS[place] == OWN
    return own or (role != "stranger" and place in routes.by_account() and extent(right, role) is not None)


def invitation(account: Account) -> Invitation:
    """An open one of an account."""
    given = {"digest": account.slug, "expires_at": now() + timedelta(days=1)}
    return Invitation.objects.get_or_create(account=account, defaults=given)[0]


def limit(account: Account) -> Limit:
    """One that an account set itself."""
    return Limit.objects.get_or_create(kind="tag", subject="a", account=account, period="day", amount=1)[0]


def addressed(place: str, member: Member, user: str) -> str:
    """The same about rows that are there: an account, somebody's key, somebody in it."""
    pk = (
        member.key.pk if "/keys/" in place
        else limit(member.account).pk if "/budgets/" in place
        else invitation(member.account).pk
    )  # fmt: skip
    named = {
        "{slug}": member.account.slug,
        "{account}": member.account.slug,
        "{user}": user,
        "{pk}": str(pk),
    }
    for name, value in named.items():
        place = place.replace(name, value)
    return place


@pytest.mark.parametrize("role", ROLES)
def test_a_login_with_a_role_comes_in_where_the_table_says_and_nowhere_else(cast: Cast, role: str) -> None:
    client = login(person(cast, role))
    assert {place for place in DOORS if is_open(client, place)} == {place for place in DOORS if may(role, place)}


@pytest.mark.parametrize("role", ["admin", "viewer", "stranger"])
def test_an_administrators_key_of_somebody_with_a_role_comes_in_where_they_do(cast: Cast, role: str) -> None:
    user = person(cast, role)
    _, text = create_key(cast.ada.account, "theirs", user, ["admin"])
    client = Client(headers={"Authorization": f"Bearer {text}"})
    kinds: set[str] = {"admin": {"all", "routing"}, "viewer": {"all"}}.get(role, set())
    places = routes.by_account()
    expected = {place for place in places if DOORS[place].keys in kinds or (role == "admin" and may(role, place))}
    assert {place for place in places if is_open(client, place)} == expected


ROWS = sorted(
    place for place in routes.by_account()
    if place.partition(" ")[2].startswith(("/api/accounts/", "/api/keys/", "/api/budgets/"))
)  # fmt: skip


def knocked(client: Client, place: str) -> int:
    method, _, address = place.partition(" ")
    return client.generic(method, address, '{"nothing": 1}', "application/json").status_code


@pytest.mark.parametrize("role", ROLES)
def test_the_table_holds_for_rows_of_the_own_account_and_nothing_for_anothers(cast: Cast, role: str) -> None:
    user = person(cast, role)
    client, own_key = login(user), create_key(cast.ada.account, "own", user)[0]
    mine = Member(user=user, account=cast.ada.account, key=own_key, text="")
    for place in ROWS:
        reach = extent(DOORS[place].right, role) if role != "stranger" else None
        is_let_in = {
            "theirs": knocked(client, addressed(place, cast.cy, "cy")) not in {403, 404},
            "own": knocked(client, addressed(place, mine, user.username)) not in {403, 404},
            "ben's": knocked(client, addressed(place, cast.ben, "ben")) not in {403, 404},
        }
        is_of_person = "/keys/" in place or "{user}" in place
        assert is_let_in == {
            "theirs": False, "own": reach is not None, "ben's": reach == "account" or (reach == "own" and not is_of_person),
        }, place  # fmt: skip
    assert ApiKey.objects.filter(revoked_at=None).count() == 4


def test_every_right_of_the_table_is_one_that_an_address_asks_for() -> None:
    asked = {each.right for place, each in DOORS.items() if place in routes.by_account()}
    assert TABLE.keys() <= asked


def test_a_person_or_an_account_that_is_switched_off_opens_nothing(cast: Cast) -> None:
    user = person(cast, "owner")
    client = login(user)
    assert is_open(client, "GET /api/accounts")
    Membership.objects.filter(user=user).update(is_active=False)
    assert not is_open(client, "GET /api/accounts")
    Membership.objects.filter(user=user).update(is_active=True)
    cast.ada.account.is_active = False
    cast.ada.account.save()
    assert not is_open(client, "GET /api/accounts")
